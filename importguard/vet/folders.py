"""Folders in which things are tried out: each is held by the process that made it, and cleared by a later one where that was killed."""

import contextlib
import fcntl
import os
import shutil
import stat
import tempfile
from pathlib import Path

from importguard.launch import directory

PREFIX = "vet-"  # not "importguard-", as old session directories are swept away
MARK = ".importguard-vet"  # others may call a folder so, too


@contextlib.contextmanager
def made():
    """Give a new folder for the length of a block."""
    folder, held = new()
    try:
        yield folder
    finally:
        remove(folder, held)


def new():
    """Return a new folder and the descriptor that holds it until this process ends, however it does."""
    folder = Path(tempfile.mkdtemp(prefix=PREFIX))
    held = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    fcntl.flock(held, fcntl.LOCK_SH)
    # Only what is held already has the mark: nobody takes a new one for left behind.
    (folder / MARK).touch()
    return folder, held


def remove(folder, held):
    """Remove a folder that `new` made, and let go of it."""
    shutil.rmtree(folder, ignore_errors=True)
    os.close(held)


def sweep():
    """Remove what this user's killed runs have left behind and no living process uses."""
    with contextlib.suppress(OSError), os.scandir(tempfile.gettempdir()) as entries:
        left = [entry.path for entry in entries if entry.name.startswith(PREFIX) and _is_ours(entry)]
        for folder in left:
            if not directory.is_used(folder):
                shutil.rmtree(folder, ignore_errors=True)


def _is_ours(entry):
    """Say whether `new` has made a folder, for this very user."""
    try:
        found, mark = entry.stat(follow_symlinks=False), os.lstat(f"{entry.path}/{MARK}")
    except OSError:
        return False
    is_private = stat.S_ISDIR(found.st_mode) and stat.S_IMODE(found.st_mode) == 0o700
    return is_private and stat.S_ISREG(mark.st_mode) and found.st_uid == mark.st_uid == os.geteuid()
