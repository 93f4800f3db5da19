"""Runs the variants of a workload in turns, each in a fresh process, and takes the CPU time of each."""

import os
import sys

WARM_UP = 2


class WorkloadFailed(Exception):
    """A measured program didn't end well, so that its time means nothing."""


def measure(workload, variants, *, rounds):
    """Return {variant's name: CPU seconds of each round}: the values of one round belong together.

    The order turns with the rounds, so that no variant always runs on what another one has warmed up.
    """
    seconds = {variant.name: [] for variant in variants}
    for number in range(-WARM_UP, rounds):
        at = number % len(variants)
        for variant in (*variants[at:], *variants[:at]):
            taken = cpu_seconds(variant.argv(workload.code), variant.environment)
            if number >= 0:
                seconds[variant.name].append(taken)
    return seconds


def cpu_seconds(argv, environment):
    """Run a program to its end and return the CPU time of its process and of the children that it waited for."""
    devnull = [(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)]
    pid = os.posix_spawn(argv[0], argv, environment, file_actions=devnull)
    _, status, usage = os.wait4(pid, 0)
    if status:
        raise WorkloadFailed(f"{argv[-1].strip()!r} ended with {os.waitstatus_to_exitcode(status)}")
    return usage.ru_utime + usage.ru_stime


def progress(text):
    """Say on standard error what is being measured."""
    print(text, file=sys.stderr, flush=True)
