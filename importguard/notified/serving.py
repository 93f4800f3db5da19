"""The supervisor of system calls: hears of each that asks, and answers it."""

import errno
import os
import select
import signal
import socket
import struct

from importguard.kernel import notify
from importguard.model import Decision
from importguard.notified import copies, stead, wanted
from importguard.notified.wanted import INET, INET6, NETLINK, UNIX, UNSPECIFIED

# Longer than any answer takes: who hangs then (memory that a file system of the caller's own serves, say) ends, and what
# asks gets ENOSYS from then on.
PATIENCE = 20
DNS, NO_PORT = ":53", ":0"
EXECUTING = ("execve", "execveat")
# A program that no rule names; what is refused about it is refused about some.
ANY_PROGRAM = wanted.Wanted("proc.spawn", "")
EXCHANGED = Decision("deny", "supervisor: native code that may start one program could start any")
# What becomes of a call that no error refuses.
GOES_ON, ANSWERED = 0, -1
# Where the C library asks who a name is, in the course of looking one up.
RESOLVERS = ("unix:/var/run/nscd/socket", "unix:/run/nscd/socket", "unix:/run/systemd/resolve/")
# Else a rule that refuses one target would be got round by memory that nobody may read.
UNREADABLE = Decision("deny", "supervisor: what is asked for can't be read")


class Serving:
    """Answers what a `listener` hears; `blaming` finds who answers for it, `judging` what becomes of it."""

    def __init__(self, listener, blaming, judging):
        self.listener = listener
        self.blaming = blaming
        self.judging = judging
        self.copies = copies.Copies(blaming.board.is_over)

    def serve(self):
        """Answer until nobody is left who could ask."""
        notify.prefer_quick_answers(self.listener)
        poll = select.poll()
        poll.register(self.listener, select.POLLIN)
        while True:
            for _fd, event in poll.poll(self.copies.timeout()):
                if event & (select.POLLHUP | select.POLLERR):
                    return
                call = notify.receive(self.listener)
                if call is not None:
                    signal.alarm(PATIENCE)
                    self.answer(call)
                    signal.alarm(0)
            self.copies.look()

    def answer(self, call):
        """Answer one Call; what goes wrong refuses it."""
        try:
            problem = self._make_socket(call) if call.name == "socket" else self._problem(call)
        except (OSError, ValueError, RuntimeError, struct.error) as error:
            problem = getattr(error, "errno", None) or errno.EACCES
        if problem == GOES_ON:
            notify.go_on(self.listener, call)
        elif problem != ANSWERED:
            notify.answer(self.listener, call, problem=problem)

    def _make_socket(self, call):
        """Give who is being imported a socket of which there is a copy here, and have the kernel make all others."""
        found = self.blaming.who(call, "net.connect")
        return ANSWERED if found is not None and self.copies.hand_out(self.listener, call, found[0]) else GOES_ON

    def _problem(self, call):
        """Return the number of the error that refuses a Call, GOES_ON, or ANSWERED where it is answered already, or will be."""
        found = self.blaming.who(call, wanted.CAPABILITIES.get(call.name, "net.connect"))
        if found is None:
            if call.name in EXECUTING:
                self.blaming.execute(call, is_blamed=False)
            return GOES_ON
        shown, is_looking_up = found
        default = None
        try:
            asked = wanted.read(call)
        except OSError as error:
            # The kernel would say the same of an address that isn't there; of memory that can't be read, nobody knows.
            if error.errno in (errno.EINVAL, errno.EFAULT):
                return error.errno
            asked, default = (wanted.unknown(call),), UNREADABLE
        if not notify.is_waiting(self.listener, call):
            return errno.EINTR
        if call.name in EXECUTING:
            return self._judge_program(call, asked, shown, default)
        return self._judge_socket(call, asked, shown, is_looking_up, default)

    def _judge_program(self, call, asked, shown, default):
        """Judge the start of a program; which one it is, another thread may change before the kernel looks, so that only who may
        start any may start this one. What the interpreter starts isn't asked about."""
        if self._refuse(call, asked, shown, default):
            return errno.EACCES
        if self.judging.refusal(ANY_PROGRAM, shown):
            self.judging.report(asked[0], shown, EXCHANGED, call.thread, ANY_PROGRAM)
            return errno.EACCES
        self.blaming.execute(call, is_blamed=True)
        return GOES_ON

    def _judge_socket(self, call, asked, shown, is_looking_up, default):
        """Judge what is asked of a socket; what is allowed is done in the caller's stead."""
        taken = stead.take(call, self.copies)
        try:
            if call.name == "listen" and taken is not None:
                asked = (_listening(taken),)
            told = [one for one in asked if default or not self._is_free(call, one, taken, is_looking_up)]
            if self._refuse(call, told, shown, default) or taken is None:
                return errno.EACCES
            stead.do(self.listener, call, asked, taken, self._was_done)
            taken = None
        finally:
            if taken is not None:
                taken.close()
        return ANSWERED

    def _refuse(self, call, asked, shown, default):
        """Refuse the first thing that the policy, or else `default`, refuses to who shows this, and put it on record; return
        whether there was any."""
        for one in asked:
            decision = self.judging.refusal(one, shown) or default
            if decision is not None:
                self.judging.report(one, shown, decision, call.thread)
                return True
        return False

    def _is_free(self, call, one, taken, is_looking_up):
        """Say whether what is asked of a socket needs nobody's leave."""
        if taken is None:
            return False
        return _leaves_no_machine(call, one, taken) or (is_looking_up and _looks_up(call, one, taken))

    def _was_done(self, call, taken):
        # Nobody connects it again, and who closes it is to have closed it.
        if call.name == "connect" and taken.type != socket.SOCK_DGRAM:
            self.copies.forget(os.fstat(taken.fileno()).st_ino)


def _leaves_no_machine(call, one, taken):
    """Say whether this can't reach anybody: the kernel itself, whoever is at the other end of a local socket already, or nobody."""
    if call.name == "listen":
        return taken.family not in (INET, INET6) or not one.target.endswith(NO_PORT)  # whoever gave it its name was asked
    if one.family == NETLINK:
        return taken.family == NETLINK
    if one.family == UNSPECIFIED:
        return call.name == "connect"
    return one.family is None and taken.family in (UNIX, NETLINK)


def _looks_up(call, one, taken):
    """Say whether this is how the C library looks up a name, which the interpreter has let pass: it asks a name server, and
    connects datagram sockets to what it has found, to see which of it can be reached."""
    if one.family in (INET, INET6):
        return one.target.endswith(DNS) or (call.name == "connect" and taken.type == socket.SOCK_DGRAM)
    if one.family == UNIX:
        return taken.family == UNIX and one.target.startswith(RESOLVERS)
    return one.family is None and _peer_of(taken).endswith(DNS)


def _listening(taken):
    """Return what a socket would listen to: without a name a port of the kernel's choice, on all interfaces."""
    if taken.family not in (INET, INET6):
        return wanted.Wanted("net.listen", wanted.UNKNOWN)
    host, port = taken.getsockname()[:2]
    return wanted.Wanted("net.listen", f"{host}:{port}" if taken.family == INET else f"[{host}]:{port}")


def _peer_of(taken):
    """Return the other end of a socket of the internet, as "host:port"; an empty text for any other and for none."""
    try:
        return "{}:{}".format(*taken.getpeername()[:2]) if taken.family in (INET, INET6) else ""
    except OSError:
        return ""
