"""Reading what a package chose the name of: a pipe or a device in the place of a file must not make anybody wait."""

import errno
import os
import stat


def read_binary(path):
    """Open a regular file for reading; raises OSError for anything else."""
    handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    if stat.S_ISREG(os.fstat(handle).st_mode):
        return open(handle, "rb")
    os.close(handle)
    raise OSError(errno.EINVAL, "not a regular file", path)
