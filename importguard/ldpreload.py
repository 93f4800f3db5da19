"""LD_PRELOAD, by which the guard gets into interpreters that overlook PYTHONPATH, beside what the user has in there."""

from importguard.pinned import (
    O_CLOEXEC,
    O_NONBLOCK,
    O_RDONLY,
    R_OK,
    access,
    close,
    getxattr,
    int,
    open,
    range,
    read,
    stat,
)

VARIABLE = "LD_PRELOAD"
OBJECT = "/preload/igpreload.so"
HEAD = 4096
INTERPRETER = 3  # PT_INTERP: the program header that names the dynamic loader
GIVES_ITSELF_RIGHTS = 0o6000  # set-user-ID, set-group-ID
CAPABILITIES = "security.capability"


def object_beside(ahead):
    """Return the path of the object that belongs to the folder that goes first on PYTHONPATH."""
    return ahead.rpartition("/")[0] + OBJECT


def is_there(path):
    """Say whether the object can be read: a loader that is told of one that has gone complains on standard error."""
    return path != "" and access(path, R_OK)


def with_object(value, path):
    """Return a value of LD_PRELOAD with the object last, as some that a user names insist on being first."""
    rest = without_object(value, path) if value is not None else None
    return path if rest is None else rest + ":" + path


def without_object(value, path):
    """Return a value of LD_PRELOAD as the user set it, None where it was not set."""
    if value == path:
        return None
    if value.endswith(":" + path):
        return value[: -len(path) - 1]
    if path not in value:
        return value
    return ":".join([entry for entry in value.replace(" ", ":").split(":") if entry != path])


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
