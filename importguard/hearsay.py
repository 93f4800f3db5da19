"""Files that the library opens by hearsay: code said in a traceback that it came from there, or a table of the library's names it.

Whoever has a traceback shown has not asked for that file, and whoever gave the name is not here. The core in C goes by
hearsay.c.
"""

from importguard.model import STDLIB

READERS = {("linecache", "updatecache"), ("mimetypes", "read"), ("platform", "freedesktop_os_release")}


def is_by_hearsay(frame, owner_of_frame):
    """Say whether it is one of these that reads in a frame, called by nobody but the standard library in between."""
    while frame is not None and owner_of_frame(frame) is STDLIB:
        if (frame.f_globals.get("__name__"), frame.f_code.co_name) in READERS:
            return True
        frame = frame.f_back
    return False
