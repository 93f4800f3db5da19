"""Runs a command to the end of its last descendant: `reaper.py SECONDS COMMAND...`, as a script of its own.

It adopts what the command leaves behind (double-forked workers too), waits until all of it has ended, and kills what is
still there after SECONDS; then it exits 124. Otherwise it exits as the command did, 128 + N for signal N.
"""

import ctypes
import os
import signal
import sys

SET_CHILD_SUBREAPER = 36  # PR_SET_CHILD_SUBREAPER of <sys/prctl.h>
TIMED_OUT = 124


class _Late(Exception):
    pass


def main(seconds, command):
    ctypes.CDLL(None).prctl(SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    signal.signal(signal.SIGALRM, _late)
    child = os.posix_spawnp(command[0], command, os.environ)
    signal.alarm(seconds)
    statuses = {}
    try:
        _wait_for_all(statuses)
    except _Late:
        _kill_all(statuses)
        return TIMED_OUT
    code = os.waitstatus_to_exitcode(statuses[child])
    return code if code >= 0 else 128 - code


def _wait_for_all(statuses):
    while True:
        try:
            pid, status = os.waitpid(-1, 0)
        except ChildProcessError:
            return
        statuses[pid] = status


def _kill_all(statuses):
    while children := _children():
        for pid in children:
            os.kill(pid, signal.SIGKILL)
        statuses.update([os.waitpid(-1, 0)])


def _children():
    with open(f"/proc/self/task/{os.getpid()}/children") as listing:
        return [int(pid) for pid in listing.read().split()]


def _late(_signal, _frame):
    raise _Late


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), sys.argv[2:]))
