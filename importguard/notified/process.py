"""The process that answers system calls: forked off the launcher, which says when it has ended, and ends it when it hangs."""

import contextlib
import os
import select
import signal
from dataclasses import dataclass

from importguard.notified import blaming, board, judging, serving

IGNORED = (signal.SIGINT, signal.SIGQUIT, signal.SIGHUP, signal.SIGTERM, signal.SIGTSTP, signal.SIGTTOU, signal.SIGPIPE)
MILLISECONDS = 500
FAILS = "the system calls that it is asked about fail from now on"
STOPPED = f"the supervisor of system calls was stopped, and has been ended: {FAILS}"
ENDED = f"the supervisor of system calls has ended (%s): {FAILS}"


@dataclass(frozen=True, slots=True)
class Terms:
    """By what calls are judged: `board` is the path of the board, `records` of the pipe for them, `table` the content of a table,
    `owners` {path: distribution}, `stdlib` the folders of the standard library, `roots` those of the application."""

    board: str
    records: str
    table: dict
    owners: dict
    stdlib: tuple[str, ...]
    roots: tuple[str, ...]


class Answering:
    """Has a process of its own answer what a filter asks about. `pid` is that of the process, 0 before there is one."""

    def __init__(self, terms):
        self.terms = terms
        self.pid = 0
        self._has_ended = False

    def start(self, listener):
        """Start the process that answers what `listener` hears; raises OSError."""
        launcher = os.getpid()
        self.pid = os.fork()
        if self.pid == 0:
            status = 1
            try:
                _answer(listener, self.terms, launcher)
                status = 0
            finally:
                os._exit(status)

    def problem(self, statuses):
        """Return why nobody answers any more, once, else an empty text; `statuses` has what children have ended with.

        What is stopped would have its callers wait for ever: it is ended.
        """
        if self._has_ended:
            return ""
        if self.pid in statuses:
            self._has_ended = True
            # By itself it ends when nobody is left who could ask.
            return ENDED % _words(statuses[self.pid]) if statuses[self.pid] else ""
        if _is_stopped(self.pid):
            self._has_ended = True
            os.kill(self.pid, signal.SIGKILL)
            return STOPPED
        return ""

    def end(self):
        """Wait a moment for the process to end, as it does when nobody is left who could ask. For daemons it stays."""
        try:
            fd = os.pidfd_open(self.pid)
        except OSError:
            return
        poll = select.poll()
        poll.register(fd, select.POLLIN)
        # Its number may be another's by now, if it has ended before.
        with contextlib.suppress(ChildProcessError):
            if poll.poll(MILLISECONDS):
                os.waitpid(self.pid, os.WNOHANG)
        os.close(fd)


def _answer(listener, terms, launcher):
    """Be the process that answers: out of reach of the terminal, and with nothing of the launcher's but what it needs."""
    os.setsid()
    for number in IGNORED:
        signal.signal(number, signal.SIG_IGN)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.set_wakeup_fd(-1)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    _close_all_but(listener)
    judge = judging.Judging(
        terms.table, owners=terms.owners, stdlib=terms.stdlib, roots=terms.roots, pipe=terms.records
    )  # fmt: skip
    blame = blaming.Blaming(board.Board(terms.board), above={launcher, os.getpid()})
    serving.Serving(listener, blame, judge).serve()


def _close_all_but(listener):
    void = os.open(os.devnull, os.O_RDWR)
    for fd in (0, 1, 2):
        os.dup2(void, fd)
    for name in os.listdir("/proc/self/fd"):
        fd = int(name)
        if fd > 2 and fd != listener:
            try:
                os.close(fd)
            except OSError:
                continue  # that of the listing itself


def _is_stopped(pid):
    try:
        return os.waitid(os.P_PID, pid, os.WSTOPPED | os.WNOHANG) is not None
    except ChildProcessError:
        return False


def _words(status):
    code = os.waitstatus_to_exitcode(status)
    return f"signal {-code}" if code < 0 else f"exit {code}"
