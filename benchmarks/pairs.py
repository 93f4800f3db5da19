"""Runs the variants of a workload in turns, each in a fresh process, and takes the CPU time of each."""

import os
import sys
import tempfile

WARM_UP = 2


class WorkloadFailed(Exception):
    """A measured program didn't end well, so that its time means nothing."""


def measure(workload, variants, *, rounds, others=(), told=None):
    """Return {variant's name: the CPU seconds of each round}: the values of one round belong together.

    `others` are pairs of a variant and the number of first rounds in which it is measured beside them. The order turns with the rounds, so that no
    variant always runs on what another one has warmed up. `told`, a mapping, gets the number that each process has ended with.
    """
    found = {variant.name: [] for variant in (*variants, *(other for other, _ in others))}
    for number in range(-WARM_UP, rounds):
        now = [*variants, *(other for other, few in others if number < few)]
        at = number % len(now)
        for variant in (*now[at:], *now[:at]):
            seconds, said = variant.start(lambda variant=variant: run_listening(variant.argv(workload.code), variant.environment))
            if number >= 0:
                found[variant.name].append(seconds)
            if number >= 0 and told is not None:
                told.setdefault(variant.name, []).append(said)
    return found


def run(argv, environment):
    """Run a program to its end and return the CPU seconds, user and system, of its process and of the children that it waited for."""
    return run_listening(argv, environment)[0]


def run_listening(argv, environment):
    """Do that, and return the number in the last line that the program wrote as well, None where there is none."""
    with tempfile.TemporaryFile() as said:
        into = [(os.POSIX_SPAWN_DUP2, said.fileno(), 1), (os.POSIX_SPAWN_OPEN, 2, os.devnull, os.O_WRONLY, 0)]
        pid = os.posix_spawn(argv[0], argv, environment, file_actions=into)
        _, status, usage = os.wait4(pid, 0)
        if status:
            raise WorkloadFailed(f"{argv[-1].strip()!r} ended with {os.waitstatus_to_exitcode(status)}")
        return usage.ru_utime + usage.ru_stime, _number(said)


def _number(said):
    said.seek(0)
    try:
        return float(said.read().splitlines()[-1])
    except (IndexError, ValueError):
        return None


def progress(text):
    """Say on standard error what is being measured."""
    print(text, file=sys.stderr, flush=True)
