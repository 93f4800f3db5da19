"""How a program that is to be started is named: by its path as it was typed, and by its arguments as text."""

from importguard import paths
from importguard.pinned import X_OK as EXECUTABLE
from importguard.pinned import access, bytes, enumerate, stat, str, tuple, type


def program_path(path, folder=None):
    """Return the absolute path of a program as it is started, links not followed; a bare name stays a bare name.

    Rules name programs as people start them (/bin/sh, not /usr/bin/dash); only a path with `..` in it is resolved.
    """
    text = paths.as_text(path)
    if not text or "/" not in text:
        return text or None
    if text[0] != "/":
        text = within(folder, text)
    if "/../" in text or "/./" in text or "//" in text:
        folder, _, name = text.rpartition("/")
        return paths.real_folder(folder).rstrip("/") + "/" + name
    return text


def within(folder, path):
    """Return a relative path as an absolute one, in `folder` or in the working directory."""
    folder = paths.as_text(folder) or ""
    return (folder if folder[:1] == "/" else paths.working_folder() + "/" + folder).rstrip("/") + "/" + path


def first_executable(candidates, folder=None):
    """Return at which of a search's candidate paths a program is started: the first that can be.

    Where none can, the one whose error the search tells: the first that is there, else the last.
    """
    at = there = -1
    for at, candidate in enumerate(candidates):
        text = paths.as_text(candidate)
        path = text if text[:1] == "/" else within(folder, text)
        if is_executable(path):
            return at
        if there < 0 and may_be_there(path):
            there = at
    return at if there < 0 else there


def is_executable(path):
    """Say whether a path is that of a file that may be executed."""
    try:
        return access(path, EXECUTABLE) and not paths.is_folder(path)
    except (OSError, ValueError):
        return False


def may_be_there(path):
    """Say whether there is something at a path, as far as it can be told."""
    try:
        stat(path)
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return False
    except OSError:
        return True
    return True


def argv_text(argv):
    """Return a program's arguments as a tuple of str; an argument that is none is shown as "?"."""
    if type(argv) not in (tuple, list):
        return ()
    return tuple([paths.as_text(item) or "" if type(item) in (str, bytes) else "?" for item in argv])
