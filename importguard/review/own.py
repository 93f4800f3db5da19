"""Which lock is the project's own."""

import os
import pathlib

from importguard.policy import find


def lock_path():
    """Return the path of the lock of the project around the working directory, as short as can be, or None."""
    path, _ = find.lock_file("", pathlib.Path.cwd(), home=os.environ.get("HOME"))
    return shown(path) if path else None


def shown(path):
    """Return a path as seen from the working directory, where it lies below it or beside the project's files."""
    relative = os.path.relpath(path)
    return str(path) if relative.startswith("../../..") else relative
