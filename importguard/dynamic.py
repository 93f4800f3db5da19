"""Whether a program's loader takes LD_PRELOAD, read off the head of its file."""

from importguard.pinned import O_CLOEXEC, O_NONBLOCK, O_RDONLY, close, getxattr, int, open, range, read, stat

HEAD = 4096
INTERPRETER = 3  # PT_INTERP: the program header that names the dynamic loader
GIVES_ITSELF_RIGHTS = 0o6000  # set-user-ID, set-group-ID
CAPABILITIES = "security.capability"


def enters(program):
    """Say whether a program's loader takes LD_PRELOAD: it is linked dynamically, to glibc, and gains no rights."""
    try:
        if stat(program).st_mode & GIVES_ITSELF_RIGHTS or _has_capabilities(program):
            return False
        loader = _loader(_head(program))
    except OSError:
        return False
    return loader.startswith(b"/lib") and b"musl" not in loader


def _has_capabilities(program):
    try:
        return getxattr(program, CAPABILITIES) != b""
    except OSError:
        return False


def _head(path):
    fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    try:
        return read(fd, HEAD)
    finally:
        close(fd)


def _loader(head):
    """Return the path of the dynamic loader in the head of a 64-bit little-endian ELF file, b"" when there is none."""
    if head[:6] != b"\x7fELF\x02\x01":
        return b""
    first, size, count = _number(head, 32, 8), _number(head, 54, 2), _number(head, 56, 2)
    for at in range(first, first + size * count, size or 1):
        if _number(head, at, 4) == INTERPRETER:
            start = _number(head, at + 8, 8)
            return head[start : start + _number(head, at + 32, 8)].rstrip(b"\0")
    return b""


def _number(head, at, size):
    return int.from_bytes(head[at : at + size], "little")
