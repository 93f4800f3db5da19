"""What the preload adds to the start of a process: of a program that isn't Python, of an idle and of a guarded interpreter."""

import pairs

VARIABLE = "LD_PRELOAD"


def measure(stage, python, *, rounds):
    """Return {process: (seconds without, seconds with)}: CPU seconds of each round; {} where there is no preload."""
    guarded = stage.variants["guarded"].environment
    if VARIABLE not in guarded:
        return {}
    idle = {**stage.variants["bare"].environment, VARIABLE: guarded[VARIABLE]}
    processes = {
        "true": (["/bin/true"], guarded),
        "sh -c :": (["/bin/sh", "-c", ":"], guarded),
        "python -c pass, told of no session": ([python, "-I", "-c", "pass"], idle),
        "python -c pass, guarded": ([python, "-c", "pass"], guarded),
    }
    return {name: _both(argv, environment, rounds) for name, (argv, environment) in processes.items()}


def _both(argv, environment, rounds):
    variants = [{name: value for name, value in environment.items() if name != VARIABLE}, environment]
    taken = ([], [])
    for number in range(-pairs.WARM_UP, rounds):
        for at in (0, 1) if number % 2 else (1, 0):
            seconds = pairs.run(argv, variants[at])
            if number >= 0:
                taken[at].append(seconds)
    return taken
