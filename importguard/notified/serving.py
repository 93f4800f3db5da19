"""The supervisor of system calls: hears of each that asks, and answers it."""

import errno
import select
import signal
import struct

from importguard.kernel import notify
from importguard.model import Decision
from importguard.notified import processes, stead, wanted
from importguard.notified.wanted import INET, INET6, NETLINK, UNIX

# Longer than any answer takes: who hangs then (memory that a file system of the caller's own serves, say) ends, and what
# asks gets ENOSYS from then on.
PATIENCE = 20
DNS = ":53"
EXECUTING = ("execve", "execveat")
# Where the C library asks who a name is, in the course of looking one up.
RESOLVERS = ("unix:/var/run/nscd/socket", "unix:/run/nscd/socket", "unix:/run/systemd/resolve/")
TABLES = {UNIX: "unix", NETLINK: "netlink"}
# Else a rule that refuses one target would be got round by memory that nobody may read.
UNREADABLE = Decision("deny", "supervisor: what is asked for can't be read")


class Serving:
    """Answers what a `listener` hears; `blaming` finds who answers for it, `judging` what becomes of it."""

    def __init__(self, listener, blaming, judging):
        self.listener = listener
        self.blaming = blaming
        self.judging = judging

    def serve(self):
        """Answer until nobody is left who could ask."""
        notify.prefer_quick_answers(self.listener)
        poll = select.poll()
        poll.register(self.listener, select.POLLIN)
        while True:
            for _fd, event in poll.poll():
                if event & (select.POLLHUP | select.POLLERR):
                    return
                call = notify.receive(self.listener)
                if call is not None:
                    signal.alarm(PATIENCE)
                    self.answer(call)
                    signal.alarm(0)

    def answer(self, call):
        """Answer one Call; what goes wrong refuses it."""
        try:
            problem, in_stead = self._problem(call)
            if in_stead is not None:
                stead.do(self.listener, call, in_stead)
                return
        except (OSError, ValueError, RuntimeError, struct.error) as error:
            problem = getattr(error, "errno", None) or errno.EACCES
        if problem:
            notify.answer(self.listener, call, problem=problem)
        else:
            notify.go_on(self.listener, call)

    def _problem(self, call):
        """Return (the number of the error that refuses a Call, 0 where it may go on; the Wanted that is to be done in its
        stead, or None)."""
        found = self.blaming.who(call, wanted.CAPABILITIES.get(call.name, "net.connect"))
        if found is None:
            if call.name in EXECUTING:
                self.blaming.execute(call, is_blamed=False)
            return 0, None
        shown, is_looking_up = found
        default = None
        try:
            asked = wanted.read(call)
        except OSError as error:
            # The kernel would say the same of an address that isn't there; of memory that can't be read, nobody knows.
            if error.errno in (errno.EINVAL, errno.EFAULT):
                return error.errno, None
            asked, default = (wanted.unknown(call),), UNREADABLE
        if not notify.is_waiting(self.listener, call):
            return errno.EINTR, None
        return self._judge(call, asked, shown, is_looking_up, default)

    def _judge(self, call, asked, shown, is_looking_up, default):
        """Judge what is asked; `default` is the Decision where the policy refuses nothing of it, None to allow it."""
        in_stead = None
        for one in asked:
            if self._leaves_no_machine(call, one) or (is_looking_up and self._looks_up(call, one)):
                continue
            decision = self.judging.refusal(one, shown) or default
            if decision is not None:
                self.judging.report(one, shown, decision, call.thread)
                return errno.EACCES, None
            if stead.is_needed(one):
                in_stead = one
        if call.name in EXECUTING:
            self.blaming.execute(call, is_blamed=True)
        return 0, in_stead

    def _leaves_no_machine(self, call, one):
        """Say whether this can't reach anybody: the kernel itself, or whoever is at the other end of a local socket already."""
        if one.capability == "proc.spawn":
            return False
        if one.family == NETLINK:
            return self._is_of(call, NETLINK)
        return one.family is None and call.name in ("sendmsg", "sendmmsg") and (self._is_of(call, UNIX) or self._is_of(call, NETLINK))

    def _looks_up(self, call, one):
        """Say whether this is how the C library looks up a name, which the interpreter has let pass."""
        if one.family in (INET, INET6):
            return one.target.endswith(DNS)
        if one.family == UNIX:
            return one.target.startswith(RESOLVERS) and self._is_of(call, UNIX)
        return one.family is None and call.name in ("sendmsg", "sendmmsg")

    def _is_of(self, call, family):
        """Say whether a Call's socket is of a family, whatever the address says."""
        inode = processes.inode_of(call.thread, call.words[0])
        return bool(inode) and processes.is_listed(call.thread, TABLES[family], inode)
