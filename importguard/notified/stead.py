"""Does a call in the caller's stead, on the caller's own socket and with the words that were looked at: another thread of theirs
may have changed them by the time that the kernel would look."""

import errno
import os
import socket
import struct
import threading

from importguard.kernel import notify, syscalls_unsafe
from importguard.notified import processes, wanted
from importguard.notified.wanted import INET, INET6, UNIX

MOST_DATA = 1 << 16
MOST_PARTS = 64
CALLS = ("connect", "bind", "sendto", "sendmsg")


def is_needed(one):
    """Say whether it matters that the address stays the one that was looked at."""
    return one.family in (INET, INET6, UNIX)


def do(listener, call, one):
    """Do what a Call asks for, and answer it when that is done; raises OSError where it can't be done so."""
    if call.name not in CALLS or (one.family == UNIX and call.name != "connect"):
        raise OSError(errno.EACCES, "not in anybody's stead")
    process, _parent = processes.process_of(call.thread)
    if os.stat(f"/proc/{process}").st_uid != os.geteuid():
        raise OSError(errno.EACCES, "another user's rights")
    data = _data(call) if call.name.startswith("send") else b""
    taken = _take(process, call)
    try:
        if not notify.is_waiting(listener, call):
            raise OSError(errno.EINTR, "all of that may be somebody else's")
        # A connection may take its time, and others have calls as well.
        threading.Thread(target=_do, args=(listener, call, one, taken, data), daemon=True).start()
    except (OSError, RuntimeError):
        taken.close()
        raise


def _take(process, call):
    """Return the socket that a Call is about."""
    number = call.words[0] & 0xFFFFFFFF
    found = os.pidfd_open(process)
    try:
        copy = syscalls_unsafe.take_descriptor(found, number)
    finally:
        os.close(found)
    try:
        taken = socket.socket(fileno=copy)
    except OSError:
        os.close(copy)  # a file, say
        raise
    # A thread may have descriptors of its own.
    if os.fstat(taken.fileno()).st_ino != processes.inode_of(call.thread, number):
        taken.close()
        raise OSError(errno.EACCES, "another descriptor by now")
    return taken


def _do(listener, call, one, taken, data):
    value, problem = 0, errno.EACCES
    try:
        with taken:
            value = _done(call, one, taken, data)
        problem = 0
    except (OSError, OverflowError, ValueError) as error:
        problem = getattr(error, "errno", None) or errno.EACCES
    finally:
        # Whatever has gone wrong: who gets no answer waits for ever.
        notify.answer(listener, call, value, problem)


def _done(call, one, taken, data):
    if taken.family != one.family:
        raise OSError(errno.EAFNOSUPPORT, "an address of another family than the socket's")
    if one.family == UNIX:
        return _connect_to_path(call, one, taken)
    address = _address(one)
    if call.name == "connect":
        taken.connect(address)
    elif call.name == "bind":
        taken.bind(address)
    else:
        flags = call.words[3] if call.name == "sendto" else call.words[2]
        return taken.sendto(data, flags & 0x7FFFFFFF, address)
    return 0


def _connect_to_path(call, one, taken):
    """Connect to a socket's file below the caller's root, or to an abstract name."""
    path = one.target.removeprefix("unix:")
    if path.startswith("@"):
        taken.connect(one.address[2:])
        return 0
    file = os.open(f"/proc/{call.thread}/root{path}", os.O_PATH | os.O_CLOEXEC)
    try:
        taken.connect(f"/proc/self/fd/{file}")
    finally:
        os.close(file)
    return 0


def _address(one):
    port = struct.unpack_from(">H", one.address, 2)[0]
    if one.family == INET:
        return socket.inet_ntop(socket.AF_INET, one.address[4:8]), port
    [flow] = struct.unpack_from(">I", one.address, 4)
    scope = struct.unpack_from("=I", one.address, 24)[0] if len(one.address) >= 28 else 0
    return socket.inet_ntop(socket.AF_INET6, one.address[8:24]), port, flow, scope


def _data(call):
    """Return what a Call sends; raises OSError for more than data."""
    with processes.Memory(call.thread) as memory:
        if call.name == "sendto":
            size = call.words[2]
            if size > MOST_DATA:
                raise OSError(errno.EMSGSIZE, "more than a message can be")
            return memory.bytes(call.words[1], size) if size else b""
        _name, _size, parts, count, _control, extra, _flags = wanted.MESSAGE.unpack(memory.bytes(call.words[1], wanted.MESSAGE.size))
        if extra or count > MOST_PARTS:
            raise OSError(errno.EACCES, "more than data")
        return b"".join(_part(memory, parts + at * 16) for at in range(count))[:MOST_DATA]


def _part(memory, place):
    base, size = struct.unpack("=QQ", memory.bytes(place, 16))
    return memory.bytes(base, min(size, MOST_DATA)) if size else b""
