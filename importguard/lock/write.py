"""Writes a lock as TOML that is made to be read in a diff: sorted, a table each, a line for each thing that is said."""

import os
import tempfile

from importguard import errors
from importguard.lock import model
from importguard.model import PHASES

HEAD = """\
# What each distribution was seen to need. Written by `importguard learn`; read it as a diff, and commit it.
version = 1
"""
BARE = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_")
SHORT = {'"': '\\"', "\\": "\\\\"}


def text(lock):
    """Return a lock as the text of its file."""
    return HEAD + "".join(map(_table, lock.entries))


def save(lock, path):
    """Write a lock in one piece; raises LockError when it can't be written, and leaves what was there."""
    path = os.path.realpath(path)
    if os.path.lexists(path) and not os.path.isfile(path):
        raise errors.LockError(f"{path}: can't be written: not a regular file")
    data = text(lock).encode()
    temporary = ""
    try:
        handle, temporary = tempfile.mkstemp(dir=os.path.dirname(path) or ".", prefix=".importguard.lock.")
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            os.fchmod(file.fileno(), _mode(path))
        os.replace(temporary, path)
    except OSError as error:
        if temporary and os.path.exists(temporary):
            os.unlink(temporary)
        raise errors.LockError(f"{path}: can't be written: {error.strerror}") from error


def _mode(path):
    """Return the permissions of the file that is there, or those that a new one gets."""
    try:
        return os.stat(path).st_mode & 0o777
    except OSError:
        mask = os.umask(0)
        os.umask(mask)
        return 0o666 & ~mask


def _table(entry):
    lines = ["", f"[{_header(entry)}]"]
    lines += _array("digests", entry.digests)
    lines += _array("startup-files", [f"{digest} {name}" for name, digest in entry.startup_files])
    lines += _array("deputies", entry.deputies)
    for phase in PHASES:
        lines += _array(phase, [model.text(grant) for grant in entry.grants if grant.phase == phase])
    lines += _array("refused", [f"{grant.phase}:{model.text(grant)}" for grant in entry.refused])
    return "\n".join(lines) + "\n"


def _header(entry):
    if entry.kind == model.UNOWNED:
        return "unowned"
    if entry.kind == model.STARTUP:
        return f"startup-file.{key(entry.name)}"
    return f"distribution.{key(entry.name)}.{quoted(entry.version)}"


def _array(name, texts):
    if not texts:
        return []
    return [f"{name} = [", *(f"  {quoted(item)}," for item in texts), "]"]


def key(name):
    """Return a name as a key of TOML."""
    return name if name and BARE.issuperset(name) else quoted(name)


def quoted(value):
    """Return a text as a TOML string in which nothing hides: what doesn't print is escaped, half a character is a `*`."""
    return '"' + "".join(map(_spelled, value)) + '"'


def _spelled(character):
    if character in SHORT:
        return SHORT[character]
    if character.isprintable():
        return character
    code = ord(character)
    if 0xD800 <= code < 0xE000:
        return "*"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
