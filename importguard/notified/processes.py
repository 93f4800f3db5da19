"""What the kernel says of a thread and its process, and what lies in their memory."""

import os
import struct

TICK = os.sysconf("SC_CLK_TCK")
SECOND = 1_000_000_000
PARENT, BORN = 1, 19  # fields of `stat` behind the name
WIDTH = struct.calcsize("P")
PAGE = 4096
MOST_WORDS = 64
AT_FDCWD = 0xFFFFFF9C


def process_of(thread):
    """Return (process, its parent) of a thread; raises OSError when it has gone."""
    process = parent = 0
    with open(f"/proc/{thread}/status", "rb") as file:
        for line in file:
            if line.startswith(b"Tgid:"):
                process = int(line[5:])
            elif line.startswith(b"PPid:"):
                parent = int(line[5:])
                break
    return process, parent


def born(thread):
    """Return when a thread or process was made, in ticks since boot; raises OSError when it has gone."""
    with open(f"/proc/{thread}/stat", "rb") as file:
        fields = file.read().rpartition(b")")[2].split()
    return int(fields[BORN])


def ticks(nanoseconds):
    """Return a time since boot in ticks, as `born` does."""
    return nanoseconds * TICK // SECOND


def program_of(process):
    """Return what identifies the file that a process executes, None where that can't be told."""
    try:
        found = os.stat(f"/proc/{process}/exe")
    except OSError:
        return None
    return found.st_dev, found.st_ino


def inode_of(thread, fd):
    """Return the inode of a thread's socket, 0 for what is none."""
    try:
        text = os.readlink(f"/proc/{thread}/fd/{fd & 0xFFFFFFFF}")
    except OSError:
        return 0
    return int(text[8:-1]) if text.startswith("socket:[") else 0


def sockets_of(process):
    """Return the inodes of the sockets that a process has open."""
    try:
        return {inode_of(process, int(name)) for name in os.listdir(f"/proc/{process}/fd")}
    except OSError:
        return set()


def has_our_rights(thread):
    """Say whether the kernel lets a thread do what it lets us: the same user, capabilities, and name spaces."""
    try:
        return _rights(thread) == _rights("thread-self")
    except OSError:
        return False


def _rights(thread):
    with open(f"/proc/{thread}/status", "rb") as file:
        said = [line for line in file if line.startswith((b"Uid:", b"Gid:", b"Groups:", b"CapEff:"))]
    return said, *(os.readlink(f"/proc/{thread}/ns/{name}") for name in ("net", "user"))


class Memory:
    """The memory of a thread's process, through /proc, which containers allow; raises OSError where there is none."""

    def __init__(self, thread, *, writes=False):
        self.fd = os.open(f"/proc/{thread}/mem", (os.O_RDWR if writes else os.O_RDONLY) | os.O_CLOEXEC)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        os.close(self.fd)

    def bytes(self, address, size):
        """Return `size` bytes; raises OSError where that much isn't there."""
        try:
            data = os.pread(self.fd, size, address)
        except OverflowError as error:
            raise OSError(14, "no such address") from error
        if len(data) < size:
            raise OSError(14, "no such address")
        return data

    def write(self, address, data):
        """Put bytes where there are some."""
        os.pwrite(self.fd, data, address)

    def word(self, address):
        """Return the pointer at an address."""
        return struct.unpack("P", self.bytes(address, WIDTH))[0]

    def text(self, address, most=PAGE):
        """Return the bytes up to a zero, or the first `most`; never reads on into a page that may not be there."""
        found = b""
        while len(found) < most:
            block = self.bytes(address, PAGE - address % PAGE)
            head, zero, _rest = block.partition(b"\0")
            found += head
            if zero:
                break
            address += len(block)
        return found[:most]

    def texts(self, address):
        """Return the texts of an array of pointers that a null ends, the first MOST_WORDS of them."""
        found = []
        while address and len(found) < MOST_WORDS:
            place = self.word(address + len(found) * WIDTH)
            if not place:
                break
            found.append(self.text(place).decode("utf-8", "surrogateescape"))
        return tuple(found)
