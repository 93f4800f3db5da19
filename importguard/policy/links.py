"""Where paths lead on this machine, each folder looked at once: hundreds of patterns share a few."""

import functools
import os
import stat


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


def forget():
    """Look anew from here on: links change, and a table says how they are when it is made."""
    _look.cache_clear()
