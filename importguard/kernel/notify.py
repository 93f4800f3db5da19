"""Seccomp's user notification: a system call that waits until whoever has the listener answers it. <linux/seccomp.h>"""

import contextlib
import errno
import fcntl
import os
import struct
from dataclasses import dataclass

# ioctl numbers: _IOWR('!', 0, 80 bytes) and so on; the same on every machine that there are filters for.
RECEIVE, ANSWER, IS_WAITING, HAND_OVER, SET_FLAGS = 0xC0502100, 0xC0182101, 0x40082102, 0x40182103, 0x40082104
CONTINUE = 1
AS_THE_ANSWER = 2  # SECCOMP_ADDFD_FLAG_SEND, Linux 5.14
WAKE_HERE = 1  # hands the processor over to who waits: half of what an answer takes
NOTICE = struct.Struct("=QIIiIQ6Q")
REPLY = struct.Struct("=QqiI")
HANDED = struct.Struct("=QIIII")
NATIVE = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
NUMBERS = {
    "x86_64": {
        41: "socket", 42: "connect", 44: "sendto", 46: "sendmsg", 49: "bind", 50: "listen", 59: "execve", 307: "sendmmsg", 322: "execveat",
    },
    "aarch64": {
        198: "socket", 200: "bind", 201: "listen", 203: "connect", 206: "sendto", 211: "sendmsg", 221: "execve", 269: "sendmmsg",
        281: "execveat",
    },
}  # fmt: skip
KIND = os.uname().machine


@dataclass(frozen=True, slots=True)
class Call:
    """A system call that waits: its `id`, the `thread` that makes it, its `name` ("" for one of a 32-bit program), and its
    six `words`."""

    id: int
    thread: int
    name: str
    words: tuple[int, ...]


def prefer_quick_answers(listener):
    """Let answers wake who waits on the same processor, where the kernel can (Linux 6.6)."""
    with contextlib.suppress(OSError):
        fcntl.ioctl(listener, SET_FLAGS, WAKE_HERE)


def receive(listener):
    """Return the next Call, None where who made it has gone meanwhile."""
    buffer = bytearray(NOTICE.size)
    try:
        fcntl.ioctl(listener, RECEIVE, buffer, True)
    except OSError as error:
        if error.errno in (errno.ENOENT, errno.EINTR):
            return None
        raise
    number, thread, _flags, call, arch, _at, *words = NOTICE.unpack(buffer)
    name = NUMBERS[KIND].get(call, "") if arch == NATIVE[KIND] else ""
    return Call(number, thread, name, tuple(words))


def go_on(listener, call):
    """Have the kernel do what was asked for, with what it then finds in the caller's memory."""
    _send(listener, REPLY.pack(call.id, 0, 0, CONTINUE))


def answer(listener, call, value=0, problem=0):
    """Answer in the kernel's place, with a value or with the number of an error."""
    _send(listener, REPLY.pack(call.id, value, -problem, 0))


def hand_over(listener, call, fd, flags):
    """Give who called a descriptor of what `fd` is, the lowest that is free there, as the answer; `flags` may have O_CLOEXEC.

    Raises OSError where the kernel can't (EINVAL before Linux 5.14), where there is no room, or nobody any more (ENOENT).
    """
    fcntl.ioctl(listener, HAND_OVER, HANDED.pack(call.id, AS_THE_ANSWER, fd, 0, flags))


def is_waiting(listener, call):
    """Say whether who called is still there: what was read from memory was the caller's, and nobody's who came after."""
    try:
        fcntl.ioctl(listener, IS_WAITING, struct.pack("=Q", call.id))
    except OSError:
        return False
    return True


def _send(listener, reply):
    try:
        fcntl.ioctl(listener, ANSWER, reply)
    except OSError as error:
        if error.errno != errno.ENOENT:  # who called has gone
            raise
