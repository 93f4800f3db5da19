"""The parent of the command: reads, shows and stores records, passes signals on, reaps, kills, ends as it did."""

import contextlib
import errno
import functools
import os
import select
import signal
import time

from importguard.errors import CANNOT_ARM, KILLED, CannotArm
from importguard.kernel import layers
from importguard.launch import tree
from importguard.launch.command import NotExecutable
from importguard.launch.signals import Forwarder
from importguard.launch.spare import Spare
from importguard.report.compose import record
from importguard.report.fold import Folder
from importguard.report.log import is_worth_showing
from importguard.report.reader import Reader
from importguard.report.redact import redact

BLOCK = 1 << 16
REFUSALS = ("deny", "kill")
MOST_BLOCKS = 64
PIPE_SIZE = 1 << 20
F_SETPIPE_SZ = 1031  # <linux/fcntl.h>; fcntl.F_SETPIPE_SZ is there only from 3.10 and on Linux


class Supervisor:
    """Supervises one command.

    `pipe` is the read end of the records pipe, `writer` a Writer or None, `log` a Log, `is_python` whether the command
    itself must report that it is guarded. `plugins` is a plugins.host.Host or None, `lesson` what learns from the records,
    or None.
    """

    def __init__(self, *, pipe, writer, log, is_python=False, recent=None, plugins=None, lesson=None):
        self.pipe = pipe
        self.is_python = is_python
        self.writer = writer
        self.log = log
        self.recent = recent
        self.plugins = plugins
        self.lesson = lesson
        self.armed = False
        self.counts = {}
        self.tried = 0  # what only the candidate denies
        self._reader = Reader()
        self._folder = Folder()
        self._warned = False
        self._statuses = {}
        self._killed_for = None
        self._spare = Spare()

    def run(self, path, argv, environment, plan=None, group=None, answering=None):
        """Start the command beneath the kernel's layers of a Plan, stay until it has ended, and return its wait status,
        or None when the tree was killed. `group` is a control group for it, where there is one, `answering` the
        notified.process.Answering of what a Plan has asked."""
        forwarder = Forwarder()
        try:
            wakeup, poll = self._listen()
        except OSError:
            self._spare.release()  # to remove the session takes some as well
            raise
        self._answering = answering
        self._child = _start_beneath(plan, path, argv, environment, forwarder.mask, answering)
        self._group = group
        if group is not None:
            group.add(self._child)
        forwarder.forward_to(self._child)
        self.log.begin()
        while self._child not in self._statuses and self._killed_for is None:
            poll.poll(self._timeout())
            _drain(wakeup)
            self._read()
            self._heed_plugins()
            self._note(tree.reap())
            self._heed_answering()
        self._read()
        forwarder.child = 0
        _hang_up(self._child)
        self._finish()
        if group is not None:
            group.remove()
        if answering is not None:
            answering.end()
        return None if self._killed_for is not None else self._statuses[self._child]

    def _note(self, statuses):
        """Note how those have ended whose end matters: orphans there may be any number of."""
        own = (self._child, self._answering.pid if self._answering is not None else 0)
        self._statuses.update({pid: status for pid, status in statuses.items() if pid in own})

    def take(self, fields):
        """Count, store and show one record."""
        if self.lesson is not None:
            fields = self.lesson.take(fields)
        fields = redact(fields)
        if fields["event"] == "decision":
            self.counts[fields["verdict"]] = self.counts.get(fields["verdict"], 0) + fields.get("count", 1)
            if fields["verdict"] == "allow" and fields.get("candidate") == "deny":
                self.tried += fields.get("count", 1)
        for due in self._folder.take(fields, time.monotonic()):
            self._emit(due)

    def _listen(self):
        _enlarge(self.pipe)
        wakeup, other = os.pipe()
        os.set_blocking(wakeup, False)
        os.set_blocking(other, False)
        signal.signal(signal.SIGCHLD, lambda _number, _frame: None)
        signal.set_wakeup_fd(other, warn_on_full_buffer=False)
        if self.plugins:
            self.plugins.start(functools.partial(_wake, other))
        poll = select.epoll()  # poll(2) fails where a package has the limit of descriptors lowered
        poll.register(self.pipe, select.EPOLLIN)
        poll.register(wakeup, select.EPOLLIN)
        return wakeup, poll

    def _timeout(self):
        deadline = self._folder.deadline()
        return None if deadline is None else max(0.0, deadline - time.monotonic()) + 0.001

    def _read(self):
        """Take what the pipe holds now."""
        # Bounded: a process that writes without end must not keep the supervisor from its other work.
        for _ in range(MOST_BLOCKS):
            try:
                data = os.read(self.pipe, BLOCK)
            except BlockingIOError:
                break
            for fields in self._reader.feed(data):
                self._take_from_process(fields)
        for due in self._folder.due(time.monotonic()):
            self._emit(due)

    def _take_from_process(self, fields):
        self.armed = self.armed or fields["event"] == "armed"
        if fields.get("verdict") != "kill" or self._killed_for is not None:
            self.take(fields)
            return
        # First the deed, then the words: to store and to show a record takes longer than a process needs to do harm.
        ended = self._kill_for(fields)
        self.take(fields)
        self.take(record("killed", reason=f"{fields['capability']} {fields['target']}", **ended))

    def _kill_for(self, fields):
        """Kill the whole tree on account of a record, and return what the `killed` record says of it."""
        self._killed_for = fields
        self._spare.release()
        own = [self._answering.pid] if self._answering is not None else []
        killed, statuses, survivors = tree.kill_tree(self._group, own, self._child)
        self._statuses.update(statuses)
        return {"pid": self._child, "cause": fields.get("id", ""), "processes": killed, "survivors": survivors}

    def _heed_answering(self):
        """Say when nobody answers system calls any more: they fail from then on, and all else goes on."""
        if self._answering is not None and (problem := self._answering.problem(self._statuses)):
            self.take(record("degraded", pid=self._answering.pid, reason=problem))

    def _heed_plugins(self):
        """Say what went wrong with plugins, and kill the tree when one of them wants that."""
        if not self.plugins:
            return
        for name, problem in self.plugins.problems():
            self._blame_plugin(name, problem)
        verdict = self.plugins.verdict()
        if verdict is not None and self._killed_for is None:
            name, fields = verdict
            ended = self._kill_for(fields)
            self.take(record("killed", reason=f"the plugin {name} wanted it", **ended))

    def _blame_plugin(self, name, problem):
        self.take(record("degraded", pid=os.getpid(), reason=f"plugin {name!r} {problem}"))

    def _finish(self):
        self._spare.release()
        for fields in self._reader.end():
            self.take(fields)
        for due in self._folder.due(float("inf")):
            self._emit(due)
        status = self._statuses.get(self._child)
        if self.is_python and not self.armed and os.waitstatus_to_exitcode(status) != CANNOT_ARM:
            self.take(record("tamper", pid=self._child, reason="the command ended and no guarded process had reported"))
        code = KILLED if self._killed_for is not None else exit_code(status)
        self._emit(record("exit", pid=self._child, status=code, counts=self.counts))
        if self.tried:
            self.log.notice(f"the candidate would have denied at least {self.tried} operations that were allowed")
        for name, problem in self.plugins.end() if self.plugins else ():
            self._blame_plugin(name, problem)
        if self.writer is not None and self.writer.lost:
            self.log.notice(f"{self.writer.lost} records were lost, {self.writer.name}: {self.writer.problem}")

    def _emit(self, fields):
        if self.plugins:
            self.plugins.take(fields)
        if self.writer is not None:
            self.writer.write(fields)
            if self.writer.lost and not self._warned:
                self._warned = True
                self.log.notice(f"can't write records to {self.writer.name}: {self.writer.problem}; the guard stays on")
        if self.recent is not None and fields.get("verdict") in REFUSALS:
            self.recent.keep(fields)
        if is_worth_showing(fields) and (self.writer is None or self.writer.fd != 2):
            self.log.show(fields)


def exit_code(status):
    """Return an exit status as shells count: 128 + n for signal n."""
    code = os.waitstatus_to_exitcode(status)
    return code if code >= 0 else 128 - code


def _start_beneath(plan, path, argv, environment, mask, answering):
    """Return the pid of the command. Layers are a thread's: a thread takes them, starts the command, and ends."""
    hear = answering.start if answering is not None else None
    if plan is None or plan.is_empty:
        return _start(path, argv, environment, mask)
    try:
        return layers.call_beneath(plan, lambda: _start(path, argv, environment, mask), hear)
    except OSError as error:
        raise CannotArm(f"the kernel's layers can't be put over the command: {error}") from error


def _start(path, argv, environment, mask):
    # Python ignores these two from its start; the command must find what the user's shell would give it.
    default = {signal.SIGPIPE, signal.SIGXFSZ}
    try:
        try:
            return os.posix_spawn(path, argv, environment, setsigmask=mask, setsigdef=default)
        except OSError as error:
            if error.errno != errno.ENOEXEC:
                raise
            # A script without a first line that names an interpreter: as every shell does.
            return os.posix_spawn("/bin/sh", ("sh", path, *argv[1:]), environment, setsigmask=mask, setsigdef=default)
    except OSError as error:
        raise NotExecutable(f"can't execute {path!r}: {error.strerror}") from error


def _hang_up(child):
    """Tell what is left of a shell's own process group that its terminal is gone, where its end is that of the session.

    The kernel does so for the leader of a session, which a shell is that a terminal starts, and which is the launcher here.
    """
    if os.getsid(0) != os.getpid():
        return
    with contextlib.suppress(OSError):  # there is no terminal, or nobody left
        os.close(os.open("/dev/tty", os.O_RDONLY | os.O_NOCTTY | os.O_CLOEXEC))
        os.killpg(child, signal.SIGHUP)
        os.killpg(child, signal.SIGCONT)


def _wake(fd):
    # A pipe that is full wakes the loop just as well.
    with contextlib.suppress(BlockingIOError):
        os.write(fd, b"p")


def _drain(fd):
    with contextlib.suppress(BlockingIOError):
        while os.read(fd, BLOCK):
            continue


def _enlarge(pipe):
    """Let writers run ahead of a supervisor that is busy."""
    import fcntl

    with contextlib.suppress(OSError):
        fcntl.fcntl(pipe, F_SETPIPE_SZ, PIPE_SIZE)
