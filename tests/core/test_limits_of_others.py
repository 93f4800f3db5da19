"""What slows another process down or has it fail is asked for as a signal is; what a process does to itself isn't."""

import pytest
from support import envs, guarded, wheels, worlds

# Each puts in place what is there already.
WAYS = """
import os, resource

def limits(pid):
    resource.prlimit(pid, resource.RLIMIT_NOFILE, resource.prlimit(pid, resource.RLIMIT_NOFILE))

def priority(pid):
    os.setpriority(os.PRIO_PROCESS, pid, os.getpriority(os.PRIO_PROCESS, pid))

def processors(pid):
    os.sched_setaffinity(pid, os.sched_getaffinity(pid))

def scheduler(pid):
    os.sched_setscheduler(pid, os.sched_getscheduler(pid), os.sched_getparam(pid))

def parameters(pid):
    os.sched_setparam(pid, os.sched_getparam(pid))

for way in (limits, priority, processors, scheduler, parameters):
    for whose, pid in (("parent", os.getppid()), ("own", os.getpid()), ("none", 0)):
        try:
            way(pid)
        except PermissionError:
            print(way.__name__, whose, "refused")
        else:
            print(way.__name__, whose, "done")
"""
SILENT = ("priority", "processors", "scheduler", "parameters")  # raise no event, so that the core in C alone knows
STRICT = 'version = 1\nextends = "strict"\n'


@pytest.fixture
def world(tmp_path, any_interpreter):
    """A world with a package that does all of it when it is imported."""
    environment = envs.create(tmp_path / "env", any_interpreter)
    envs.install(environment, wheels.Wheel("acme-limits", "1.0", {"acme_limits.py": WAYS}), folder=tmp_path / "wheels")
    with worlds.furnished(tmp_path, environment) as world:
        (world.project / "app.py").write_text("import acme_limits\n")
        yield world


def answers(world, **options):
    """Return what a run said, as {(way, whose): answer}."""
    outcome = guarded.run(world, [world.environment.python, "app.py"], **options)
    lines = [line.split() for line in outcome.stdout.splitlines()]
    assert len(lines) == 15, outcome.story()
    return {(way, whose): answer for way, whose, answer in lines}


def test_all_of_it_can_be_done_unguarded(world):
    """And where no rule speaks of signals."""
    assert set(answers(world, mode=guarded.UNGUARDED).values()) == {"done"}
    assert set(answers(world).values()) == {"done"}


@pytest.mark.parametrize("core", ["c", "py"])
def test_a_rule_about_signals_refuses_what_is_done_to_others(world, core):
    """As `strict` does at import."""
    found = answers(world, policy=STRICT, options=("--core", core))

    refused = {way for (way, whose), answer in found.items() if answer == "refused" and whose == "parent"}
    assert refused == {"limits", *(SILENT if core == "c" else ())}
    assert all(answer == "done" for (_, whose), answer in found.items() if whose != "parent")
