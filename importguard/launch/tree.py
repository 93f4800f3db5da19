"""Ends a whole process tree, double-forked daemons included; the caller must be a subreaper."""

import contextlib
import os
import signal
import time

DEADLINE = 5.0
PAUSE = 0.001


def reap():
    """Collect every child that has ended; return {pid: wait status}."""
    ended = {}
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return ended
        if pid == 0:
            return ended
        ended[pid] = status


def get_ready():
    """Have ready what killing takes: a package may have this process's limits lowered so far that nothing can be loaded."""
    import psutil  # only a run that may have to be killed pays for it

    psutil.Process()


def kill_tree(group=None, own=(), child=0):
    """Kill every descendant until waitpid has none left; return ([{"pid", "argv"}], {pid: wait status}, survivors).

    `group` is a control group that the command was put into: the kernel then ends all of it at once, and what is left to do
    here is to reap, and to kill what started before it was put there. `own` are pids of the guard's: they end as well, and
    aren't listed. `child` is the command, which ends even where `/proc` can't be read.

    A scan of the processes alone misses one that forks and exits in between. As a subreaper this process inherits it,
    so only ECHILD says that nothing is left. Survivors are those that this user may not kill.
    """
    killed = {pid: {"pid": pid, "argv": _argv(pid)} for pid in group.stop()} if group else {}
    if group:
        group.kill()
    statuses = {}
    end = time.monotonic() + DEADLINE
    while True:
        try:
            _kill(_descendants(), killed)
        except OSError:
            _kill_without_looking(child, statuses, killed)
        statuses.update(reap())
        if not _has_children():
            return _listed(killed, own), statuses, []
        if time.monotonic() > end:
            return _listed(killed, own), statuses, _survivors()
        time.sleep(PAUSE)


def _listed(killed, own):
    return [fields for pid, fields in killed.items() if pid not in own]


def has_descendants():
    """Say whether a child is left, running or not yet collected."""
    return _has_children()


def has_had_children():
    """Say whether this process may ever have started another."""
    # Of children that nobody collects the kernel counts nothing.
    uncounted = signal.getsignal(signal.SIGCHLD) == signal.SIG_IGN
    return uncounted or _has_children() or _faults_of_children() != b"0"


def _faults_of_children():
    """Return how many pages the children that were collected had the kernel bring: no program starts without one."""
    try:
        # As bytes: a codec would be imported for it, and this is asked when a guarded interpreter ends.
        with open("/proc/self/stat", "rb") as file:
            return file.read().rpartition(b")")[2].split()[8]
    except (OSError, IndexError):
        return b""


def _descendants():
    import psutil

    return psutil.Process().children(recursive=True)


def _kill(processes, killed):
    import psutil

    for process in processes:
        if process.pid not in killed:
            killed[process.pid] = {"pid": process.pid, "argv": _argv(process.pid)}
        try:
            process.send_signal(signal.SIGKILL)
        except (psutil.Error, OSError):
            continue


def _kill_without_looking(child, statuses, killed):
    if child and child not in statuses:
        killed.setdefault(child, {"pid": child, "argv": []})
        with contextlib.suppress(OSError):
            os.kill(child, signal.SIGKILL)


def _survivors():
    try:
        return [process.pid for process in _descendants()]
    except OSError:
        return []


def _argv(pid):
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            words = file.read(2048).split(b"\0")
    except OSError:
        return []
    return [word.decode("utf-8", "replace")[:200] for word in words if word][:16]


def _has_children():
    try:
        # WNOWAIT: only a look, nothing is collected.
        os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        return False
    return True
