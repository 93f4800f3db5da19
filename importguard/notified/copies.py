"""Makes the sockets of who is being imported, and keeps a copy of each for as long as that lasts: what connects in the caller's
stead needs one, and to take one from the caller is for those who may trace, which containers leave to nobody."""

import os
import socket
import time
from dataclasses import dataclass

from importguard.kernel import notify
from importguard.notified import processes
from importguard.notified.wanted import INET, INET6, NETLINK, UNIX

FAMILIES = (UNIX, INET, INET6, NETLINK)
# Anybody may make these; for any other the kernel looks at the rights of who makes it.
KINDS = (socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.SOCK_SEQPACKET, socket.SOCK_RAW)
KIND, WITHOUT_RIGHTS = 0xF, {UNIX: KINDS, NETLINK: KINDS, INET: KINDS[:2], INET6: KINDS[:2]}
MOST = 128
SWEEP = 0.02  # seconds: for so long a peer may not hear that a socket was closed


@dataclass(frozen=True, slots=True)
class Copy:
    """A descriptor of our own for a socket of a process, and what was shown of the import that made it."""

    fd: int
    process: int
    shown: object


class Copies:
    """The copies by the number of the socket, which nobody else can have while there is one. `is_over` says of what was shown
    whether that import is over."""

    def __init__(self, is_over):
        self.is_over = is_over
        self.kept = {}
        self.swept = 0.0

    def hand_out(self, listener, call, shown):
        """Answer a Call for a socket with one that is made here; return whether that was done. Where it can't be, the kernel
        does it, or says why not, and there is no copy."""
        family, kind, protocol = (word & 0xFFFFFFFF for word in call.words[:3])
        if kind & KIND not in WITHOUT_RIGHTS.get(family, ()) or not processes.has_our_rights(call.thread):
            return False
        try:
            process, _parent = processes.process_of(call.thread)
            made = socket.socket(family, kind | socket.SOCK_CLOEXEC, protocol)
        except OSError:
            return False
        with made:
            try:
                notify.hand_over(listener, call, made.fileno(), kind & socket.SOCK_CLOEXEC)
            except OSError:
                return False
            if len(self.kept) >= MOST:
                self.sweep()
            if len(self.kept) >= MOST:
                self.forget(next(iter(self.kept)))
            number = os.fstat(made.fileno()).st_ino
            self.kept[number] = Copy(made.detach(), process, shown)
        return True

    def duplicate(self, number):
        """Return a socket.socket for the socket of a number, None where there is no copy of it."""
        copy = self.kept.get(number)
        return None if copy is None else socket.socket(fileno=os.dup(copy.fd))

    def forget(self, number):
        """Let go of a copy, if there is one."""
        copy = self.kept.pop(number, None)
        if copy is not None:
            os.close(copy.fd)

    def timeout(self):
        """Return after how many milliseconds somebody should have a look, None for never."""
        return int(SWEEP * 1000) if self.kept else None

    def look(self):
        """Let go of what isn't needed any more, when it is time."""
        if self.kept and time.monotonic() - self.swept >= SWEEP:
            self.sweep()

    def sweep(self):
        """Let go of the sockets whose import is over, or that their process has closed: their peers wait to hear that."""
        open_in = {}
        for number, copy in list(self.kept.items()):
            if copy.process not in open_in:
                open_in[copy.process] = processes.sockets_of(copy.process)
            if number not in open_in[copy.process] or self.is_over(copy.shown):
                self.forget(number)
        self.swept = time.monotonic()
