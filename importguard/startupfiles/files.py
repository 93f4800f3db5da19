"""Whole files or nothing: writes that are there entirely or not at all, and digests that tell whether they still are."""

import contextlib
import hashlib
import os
import secrets
import shutil

TEMPORARY = ".importguard-"
MODE = 0o644


def write(path, data):
    """Write a file so that a reader, or a crash, finds the old one or the new one; raises OSError."""
    temporary = temporary_beside(path)
    try:
        with open(temporary, "xb") as file:
            file.write(data)
            file.flush()
            os.fchmod(file.fileno(), MODE)
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise


def temporary_beside(path):
    """Return a name that nobody uses yet in the folder of `path`; no import and no start-up file begins so."""
    return os.path.join(os.path.dirname(path), TEMPORARY + secrets.token_hex(8))


def keep(path, kept):
    """Give a file, or a symbolic link itself, a second name; copies it where a file system has no hard links."""
    try:
        os.link(path, kept, follow_symlinks=False)
    except OSError:
        shutil.copy2(path, kept, follow_symlinks=False)


def digest(path):
    """Return "sha256:…" of a file or of what a symbolic link says, "" when there is none."""
    try:
        if os.path.islink(path):
            return "link:" + os.readlink(path)
        with open(path, "rb") as file:
            return digest_of(file.read())
    except (FileNotFoundError, NotADirectoryError):
        return ""


def digest_of(data):
    """Return "sha256:…" of bytes."""
    return "sha256:" + hashlib.sha256(data).hexdigest()


def sweep(folder):
    """Remove what a write that was killed left behind."""
    for name in os.listdir(folder):
        if name.startswith(TEMPORARY):
            remove(os.path.join(folder, name))


def remove(path):
    """Remove a file or a folder; what has gone already is fine."""
    if os.path.isdir(path) and not os.path.islink(path):
        shutil.rmtree(path)
        return
    with contextlib.suppress(FileNotFoundError):
        os.unlink(path)
