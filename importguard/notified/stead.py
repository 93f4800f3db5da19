"""Does a call in the caller's stead, on the caller's own socket and with the words that were looked at: another thread of theirs
may have changed them by the time that the kernel would look."""

import errno
import os
import socket
import struct
import threading

from importguard.kernel import notify, syscalls_unsafe
from importguard.notified import processes, wanted
from importguard.notified.wanted import UNIX, UNSPECIFIED

MOST_DATA = 1 << 18  # more than the kernel takes in a message, unless it was told to
MOST_PARTS = 1024
SIZE_SENT = 56  # where a struct mmsghdr says how much of it went
FLAGS = 0x7FFFFFFF
# What the kernel would answer itself, whoever asks.
NO_SOCKET = (errno.EBADF, errno.ENOTSOCK)


def take(call, copies):
    """Return the socket that a Call is about, None where it isn't ours to use; raises OSError where it is no socket."""
    number = processes.inode_of(call.thread, call.words[0])
    try:
        if not processes.has_our_rights(call.thread):
            return None
        return copies.duplicate(number) or _from_its_process(call, number)
    except OSError as error:
        if error.errno in NO_SOCKET:
            raise
        return None


def _from_its_process(call, number):
    """Return the socket of that number as its process has it: that is for those who may trace."""
    process, _parent = processes.process_of(call.thread)
    found = os.pidfd_open(process)
    try:
        copy = syscalls_unsafe.take_descriptor(found, call.words[0] & 0xFFFFFFFF)
    finally:
        os.close(found)
    try:
        taken = socket.socket(fileno=copy)
    except OSError:
        os.close(copy)  # a file, say
        raise
    # A thread may have descriptors of its own.
    if os.fstat(taken.fileno()).st_ino != number:
        taken.close()
        raise OSError(errno.EACCES, "another descriptor by now")
    return taken


def do(listener, call, asked, taken, done):
    """Do what a Call asks for, a Wanted for each address, on the socket that was taken, and answer it when that is done.

    `done` is called before the answer is given. Raises OSError where it can't be done so.
    """
    if any(one.family == UNIX and call.name == "bind" and not _is_abstract(one) for one in asked):
        raise OSError(errno.EACCES, "a file would be ours")
    data = _data(call, taken.type)
    if not notify.is_waiting(listener, call):
        raise OSError(errno.EINTR, "all of that may be somebody else's")
    # A connection may take its time, and others have calls as well.
    threading.Thread(target=_do, args=(listener, call, asked, taken, data, done), daemon=True).start()


def _do(listener, call, asked, taken, data, done):
    value, problem = 0, errno.EACCES
    try:
        with taken:
            value = _done(call, asked, taken, data)
            done(call, taken)
        problem = 0
    except (OSError, ValueError) as error:
        problem = getattr(error, "errno", None) or errno.EACCES
    finally:
        # Whatever has gone wrong: who gets no answer waits for ever.
        notify.answer(listener, call, value, problem)


def _done(call, asked, taken, data):
    """Do what a Call asks for and return the kernel's answer; raises OSError with the kernel's, or where it may not be done."""
    if call.name != "sendmmsg":
        return _ask(call, asked[0], taken, *data)
    count = 0
    with processes.Memory(call.thread, writes=True) as memory:
        for one, (text, place) in zip(asked, data, strict=False):
            try:
                sent = _ask(call, one, taken, text)
            except OSError:
                if count == 0:
                    raise
                break
            memory.write(place + SIZE_SENT, struct.pack("=I", sent))
            count += 1
    return count


def _ask(call, one, taken, data=b""):
    if one.family not in (None, UNSPECIFIED, taken.family):
        raise OSError(errno.EAFNOSUPPORT, "an address of another family than the socket's")
    if one.family != UNIX or _is_abstract(one):
        return _call(call, taken, data, one.address)
    # A socket's file lies below the caller's root, which is ours for that.
    file = os.open(f"/proc/{call.thread}/root{one.target.removeprefix('unix:')}", os.O_PATH | os.O_CLOEXEC)
    try:
        return _call(call, taken, data, struct.pack("=H", UNIX) + f"/proc/self/fd/{file}".encode() + b"\0")
    finally:
        os.close(file)


def _is_abstract(one):
    return one.address[2:3] in (b"", b"\0")


def _call(call, taken, data, address):
    if call.name == "connect":
        return syscalls_unsafe.connect(taken.fileno(), address)
    if call.name == "bind":
        return syscalls_unsafe.bind(taken.fileno(), address)
    if call.name == "listen":
        return syscalls_unsafe.listen(taken.fileno(), call.words[1] & 0xFFFFFFFF)
    flags = call.words[2] if call.name == "sendmsg" else call.words[3]
    return syscalls_unsafe.send(taken.fileno(), data, flags & FLAGS, address)


def _data(call, kind):
    """Return what a Call sends: (data,), for `sendmmsg` a (data, place) for each message; raises OSError for more than data."""
    if not call.name.startswith("send"):
        return ()
    with processes.Memory(call.thread) as memory:
        if call.name == "sendto":
            return (_joined(memory, [(call.words[1], call.words[2])], kind),)
        if call.name == "sendmsg":
            return (_message(memory, call.words[1], kind),)
        return tuple((_message(memory, place, kind), place) for place in wanted.places(call))


def _message(memory, place, kind):
    _name, _size, parts, count, _control, extra, _flags = wanted.MESSAGE.unpack(memory.bytes(place, wanted.MESSAGE.size))
    if extra or count > MOST_PARTS:
        raise OSError(errno.EACCES, "more than data")
    return _joined(memory, list(struct.iter_unpack("=QQ", memory.bytes(parts, count * 16))) if count else [], kind)


def _joined(memory, parts, kind):
    """Return the data of [(place, size)]; of a stream it may be less, as the kernel may take less."""
    if sum(size for _place, size in parts) > MOST_DATA and kind != socket.SOCK_STREAM:
        raise OSError(errno.EMSGSIZE, "more than a message can be")
    found, left = [], MOST_DATA
    for place, size in parts:
        size = min(size, left)
        found.append(memory.bytes(place, size) if size else b"")
        left -= size
    return b"".join(found)
