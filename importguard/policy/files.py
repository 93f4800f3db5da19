"""Reads a policy or a lock as text: never more of it than a person could have meant."""

import errno
import os

MOST = 1 << 26  # bytes; a device goes on for ever


def text(path, error_type):
    """Return the text of a file; raises `error_type` with file, line and reason."""
    try:
        return _bytes(path).decode()
    except OSError as error:
        raise error_type(f"{path}: can't be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise error_type(f"{path}:{line}: not UTF-8 at byte {error.start}") from error


def _bytes(path):
    with open(path, "rb") as file:
        data = file.read(MOST + 1)
    if len(data) > MOST:
        raise OSError(errno.EFBIG, os.strerror(errno.EFBIG))
    return data
