"""Runs the variants of a workload in turns, each in a fresh process, and takes the CPU time of each."""

import os
import sys

WARM_UP = 2


class WorkloadFailed(Exception):
    """A measured program didn't end well, so that its time means nothing."""


def measure(workload, variants, *, rounds, others=()):
    """Return {variant's name: the CPU seconds of each round}: the values of one round belong together.

    `others` are pairs of a variant and the number of first rounds in which it is measured beside them. The order turns with the rounds, so that no
    variant always runs on what another one has warmed up.
    """
    found = {variant.name: [] for variant in (*variants, *(other for other, _ in others))}
    for number in range(-WARM_UP, rounds):
        now = [*variants, *(other for other, few in others if number < few)]
        at = number % len(now)
        for variant in (*now[at:], *now[:at]):
            taken = run(variant.argv(workload.code), variant.environment)
            if number >= 0:
                found[variant.name].append(taken)
    return found


def run(argv, environment):
    """Run a program to its end and return the CPU seconds, user and system, of its process and of the children that it waited for."""
    devnull = [(os.POSIX_SPAWN_OPEN, fd, os.devnull, os.O_WRONLY, 0) for fd in (1, 2)]
    pid = os.posix_spawn(argv[0], argv, environment, file_actions=devnull)
    _, status, usage = os.wait4(pid, 0)
    if status:
        raise WorkloadFailed(f"{argv[-1].strip()!r} ended with {os.waitstatus_to_exitcode(status)}")
    return usage.ru_utime + usage.ru_stime


def progress(text):
    """Say on standard error what is being measured."""
    print(text, file=sys.stderr, flush=True)
