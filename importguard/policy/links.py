"""Where paths lead on this machine, each folder looked at once: hundreds of patterns share a few."""

import functools
import itertools
import os
import stat

MOST_NAMES = 1000  # of a folder that is read at once


def real(path):
    """Return the real path of an absolute one, as os.path.realpath does, by that of its folder."""
    return _look(path)[0]


@functools.cache
def _look(path):
    """Return (the real path, may there be something below it); what isn't there has nothing to look at below."""
    folder, _, name = path.rpartition("/")
    if name in ("", ".", ".."):
        return os.path.realpath(path), True
    before, is_there = _look(folder) if folder else ("", True)
    here = before.rstrip("/") + "/" + name
    if not is_there:
        return here, False
    try:
        is_link = stat.S_ISLNK(os.lstat(here).st_mode)
    except (OSError, ValueError):
        return here, False
    return os.path.realpath(here) if is_link else here, True


@functools.cache
def has_other_names(path):
    """Return whether a file has another name than the last of its path: that of what it is a link to, or one beside it."""
    try:
        status = os.stat(path)
    except (OSError, ValueError):
        return False
    return status.st_nlink > 1 or os.path.basename(real(path)) != os.path.basename(path)


@functools.cache
def names(folder):
    """Return the names in a folder, none where there is no such folder, None where they can't be told or are many."""
    try:
        with os.scandir(folder) as entries:
            found = frozenset(entry.name for entry in itertools.islice(entries, MOST_NAMES))
    except (FileNotFoundError, NotADirectoryError):
        return frozenset()
    except (OSError, ValueError):
        return None
    return found if len(found) < MOST_NAMES else None


@functools.cache
def linked(folder):
    """Return the names in a folder that are links; none where they can't be told or are many."""
    there = sorted(names(folder) or ())
    return tuple(name for name in there if os.path.islink(f"{folder}/{name}"))


def forget():
    """Look anew from here on: links change, and a table says how they are when it is made."""
    _look.cache_clear()
    has_other_names.cache_clear()
    names.cache_clear()
    linked.cache_clear()
