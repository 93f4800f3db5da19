"""Reading what a package chose the name of: a pipe or a device in the place of a file must not make anybody wait."""

import builtins
import errno
from stat import S_ISREG

from importguard.pinned import O_CLOEXEC, O_NONBLOCK, O_RDONLY, close, fstat, open


def read_binary(path):
    """Open a regular file for reading; raises OSError for anything else."""
    handle = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC)
    if S_ISREG(fstat(handle).st_mode):
        return builtins.open(handle, "rb")
    close(handle)
    raise OSError(errno.EINVAL, "not a regular file", path)
