"""Which lock is the project's own."""

import os
import pathlib

from importguard.policy import find


def lock_path():
    """Return the path of the lock of the project around the working directory, as short as can be, or None."""
    here = pathlib.Path.cwd()
    for folder in (here, *here.parents):
        if (folder / find.LOCK).exists():
            return os.path.relpath(folder / find.LOCK)
        if any((folder / mark).exists() for mark in find.ROOT_MARKS):
            break
    return None
