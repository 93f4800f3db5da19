"""What a system call asks for, read from the caller's memory: a capability and a target as the contract writes them."""

import errno
import os
import socket
import struct
from dataclasses import dataclass

from importguard.notified import processes

CAPABILITIES = {
    "connect": "net.connect", "sendto": "net.connect", "sendmsg": "net.connect", "sendmmsg": "net.connect",
    "bind": "net.listen", "listen": "net.listen", "execve": "proc.spawn", "execveat": "proc.spawn",
}  # fmt: skip
UNKNOWN = "?"
UNSPECIFIED, UNIX, INET, INET6, NETLINK = 0, 1, 2, 10, 16
MOST_ADDRESS = 128  # sizeof(struct sockaddr_storage)
MESSAGE = struct.Struct("=QIxxxxQQQQixxxx")  # struct msghdr
MESSAGES = 64  # sizeof(struct mmsghdr)
MOST_MESSAGES = 64
EMPTY_PATH = 0x1000  # AT_EMPTY_PATH


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a Call asks for. `family` and `address` are those of the socket address, None where none was given; `argv` are the
    arguments of a program."""

    capability: str
    target: str
    family: int | None = None
    address: bytes | None = None
    argv: tuple[str, ...] | None = None


def unknown(call):
    """Return what a Call asks for where its memory can't be read."""
    return Wanted(CAPABILITIES.get(call.name, "net.connect"), UNKNOWN)


def read(call):
    """Return what a Call asks for, a Wanted for each address; raises OSError where the memory can't be read."""
    if call.name not in CAPABILITIES:
        raise OSError(errno.ENOSYS, "a call of a 32-bit program, which go by other numbers")
    with processes.Memory(call.thread) as memory:
        return tuple(READERS[call.name](call, memory))


def _connect(call, memory):
    yield _addressed(call, memory, call.words[1], call.words[2])


def _listen(call, memory):
    """What is listened to is the socket's own address: nothing that the caller says."""
    yield unknown(call)


def _sendto(call, memory):
    yield _addressed(call, memory, call.words[4], call.words[5])


def _sendmsg(call, memory):
    yield _message(call, memory, call.words[1])


def _sendmmsg(call, memory):
    for place in places(call):
        yield _message(call, memory, place)


def places(call):
    """Return where the messages of a `sendmmsg` lie; the kernel may send fewer of them than it was told to."""
    return [call.words[1] + at * MESSAGES for at in range(min(call.words[2] & 0xFFFFFFFF, MOST_MESSAGES))]


def _message(call, memory, place):
    name, size, *_rest = MESSAGE.unpack(memory.bytes(place, MESSAGE.size))
    if not name:
        return Wanted("net.connect", UNKNOWN)
    return _addressed(call, memory, name, size)


def _addressed(call, memory, place, size):
    size &= 0xFFFFFFFF
    if not 2 <= size <= MOST_ADDRESS:
        raise OSError(errno.EINVAL, "no socket address")
    address = memory.bytes(place, size)
    family = struct.unpack_from("=H", address)[0]
    # Without a family an address is taken for one of IPv4, but by `connect`, which undoes a connection then.
    read = INET if family == UNSPECIFIED and call.name != "connect" else family
    return Wanted(CAPABILITIES[call.name], target_of(read, address, call.thread), family, address)


def target_of(family, address, thread):
    """Return a socket address as the contract writes it."""
    if family == INET and len(address) >= 8:
        return f"{socket.inet_ntop(socket.AF_INET, address[4:8])}:{_port(address)}"
    if family == INET6 and len(address) >= 24:
        return f"[{socket.inet_ntop(socket.AF_INET6, address[8:24])}]:{_port(address)}"
    if family == UNIX:
        return "unix:" + _unix(address[2:], thread)
    return UNKNOWN if family in (INET, INET6) else f"family {family}"


def _port(address):
    return struct.unpack_from(">H", address, 2)[0]


def _unix(name, thread):
    if name[:1] == b"\0":
        return "@" + name[1:].decode("utf-8", "surrogateescape")
    path = os.fsdecode(name.partition(b"\0")[0])
    return absolute(path, thread) if path else ""


def absolute(path, thread, folder="cwd"):
    """Return a path as an absolute one, as the thread sees it: in its folder, and below its root."""
    if not path.startswith("/"):
        try:
            path = f"{os.readlink(f'/proc/{thread}/{folder}')}/{path}"
        except OSError:
            return path
    # The supervisor's own /proc/self is somebody else's.
    for own in ("/proc/self/", "/proc/thread-self/"):
        if path.startswith(own):
            path = f"/proc/{thread}/{path[len(own):]}"
    return os.path.normpath(path)


def _execve(call, memory):
    path, argv = call.words[:2]
    yield _program(call, memory, "cwd", memory.text(path), argv, 0)


def _execveat(call, memory):
    folder, path, argv, _environment, flags = call.words[:5]
    folder &= 0xFFFFFFFF
    place = "cwd" if folder == processes.AT_FDCWD else f"fd/{folder}"
    yield _program(call, memory, place, memory.text(path), argv, flags)


def _program(call, memory, folder, path, argv, flags):
    text = os.fsdecode(path)
    if not text and flags & EMPTY_PATH:
        text = os.readlink(f"/proc/{call.thread}/{folder}")
    return Wanted("proc.spawn", absolute(text, call.thread, folder) if text else UNKNOWN, argv=memory.texts(argv))


READERS = {
    "connect": _connect, "bind": _connect, "listen": _listen, "sendto": _sendto, "sendmsg": _sendmsg, "sendmmsg": _sendmmsg, "execve": _execve,
    "execveat": _execveat,
}  # fmt: skip
