"""Builtins and operating-system calls as they were at start-up, whatever a package makes of them later."""

import builtins as _builtins
import posix as _posix
import sys as _sys
import time as _time

bytes = _builtins.bytes
callable = _builtins.callable
compile = _builtins.compile
dict = _builtins.dict
enumerate = _builtins.enumerate
frozenset = _builtins.frozenset
getattr = _builtins.getattr
hasattr = _builtins.hasattr
id = _builtins.id
int = _builtins.int
isinstance = _builtins.isinstance
iter = _builtins.iter
len = _builtins.len
list = _builtins.list
memoryview = _builtins.memoryview
range = _builtins.range
repr = _builtins.repr
reversed = _builtins.reversed
set = _builtins.set
slice = _builtins.slice
setattr = _builtins.setattr
sorted = _builtins.sorted
str = _builtins.str
tuple = _builtins.tuple
type = _builtins.type
zip = _builtins.zip

access = _posix.access
close = _posix.close
exit_now = _posix._exit
fspath = _posix.fspath
fstat = _posix.fstat
getcwd = _posix.getcwd
getpid = _posix.getpid
getppid = _posix.getppid
getxattr = _posix.getxattr
kill = _posix.kill
listdir = _posix.listdir
lstat = _posix.lstat
open = _posix.open
putenv = _posix.putenv
read = _posix.read
readlink = _posix.readlink
set_blocking = _posix.set_blocking
stat = _posix.stat
unsetenv = _posix.unsetenv
urandom = _posix.urandom
write = _posix.write
O_APPEND = _posix.O_APPEND
O_CLOEXEC = _posix.O_CLOEXEC
O_CREAT = _posix.O_CREAT
O_NONBLOCK = _posix.O_NONBLOCK
O_RDONLY = _posix.O_RDONLY
O_WRONLY = _posix.O_WRONLY
R_OK = _posix.R_OK
X_OK = _posix.X_OK

gmtime = _time.gmtime
monotonic = _time.monotonic
sleep = _time.sleep
time_ns = _time.time_ns

get_frame = _sys._getframe
getfilesystemencoding = _sys.getfilesystemencoding
# What `id` says, without the audit event that `id` raises: as many bits, in another order.
address = _builtins.object.__hash__
BUILTIN = _builtins.type(_sys._getframe)


# What a locale may call ASCII before there are codecs. The launcher has names in UTF-8 there, as has any Python without
# settings; here what is more than ASCII is told byte for byte.
ASCII = ("ascii", "ANSI_X3.4-1968", "ASCII", "US-ASCII", "646")
NAMES = "ascii" if getfilesystemencoding() in ASCII else "utf-8"


def early(path):
    """Return a path as bytes where that tells the same: before there are codecs each character of a text is encoded by itself,
    and an ASCII locale spells none that is more than that."""
    if path.isascii() or NAMES == "ascii":
        return path.encode("utf-8", "surrogateescape")
    return path


def read_file(path, limit=1 << 26):
    """Return the bytes of a file; raises OSError, also when it is larger than `limit` bytes."""
    # A pipe in the place of a file must not make anybody wait: it reads as empty.
    fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    try:
        parts = []
        size = 0
        at_once = min(fstat(fd).st_size, 1 << 20) + 4096  # what is asked for is allocated
        while True:
            part = read(fd, at_once)
            if not part:
                return b"".join(parts)
            size += len(part)
            if size > limit:
                raise OSError(f"larger than {limit} bytes: {path!r}")
            parts.append(part)
    finally:
        close(fd)
