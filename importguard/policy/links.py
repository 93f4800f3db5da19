"""Where paths lead on this machine, each folder looked at once: hundreds of patterns share a few."""

import functools
import os


@functools.cache
def real(path):
    """Return the real path of an absolute one, as os.path.realpath does, by that of its folder."""
    folder, _, name = path.rpartition("/")
    if name in ("", ".", ".."):
        return os.path.realpath(path)
    here = ("" if folder == "" else real(folder).rstrip("/")) + "/" + name
    return os.path.realpath(here) if os.path.islink(here) else here


def forget():
    """Look anew from here on: links change, and a table says how they are when it is made."""
    real.cache_clear()
