"""The object that goes on LD_PRELOAD: where it is, and why it can't be used where that is so."""

import os

from importguard import ldpreload
from importguard.policy import named

SEPARATORS = (" ", ":", "\t", "\n")


def find():
    """Return (path of the object, "") or ("", why there is none)."""
    path = ldpreload.object_beside(named.package_folder() + "/ahead")
    problem = _problem(path)
    return ("", f"preload: {problem}; children are reached by PYTHONPATH alone") if problem else (path, "")


def _problem(path):
    if not os.path.exists(path):
        return f"{path} is not built"
    if any(separator in path for separator in SEPARATORS):
        return f"LD_PRELOAD can't hold the blank or colon in {path!r}"
    if not os.access(path, os.R_OK):
        return f"{path} can't be read"
    if os.statvfs(path).f_flag & os.ST_NOEXEC:
        return f"{path} lies on a file system that is mounted noexec"
    return ""
