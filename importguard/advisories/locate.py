"""Where the databases of a machine lie."""

import os

from importguard import errors
from importguard.advisories import database

NAME = "advisories.db"
SYSTEM_FOLDER = "/var/lib/importguard"


def update_path():
    """Return where `update` puts the database: $XDG_DATA_HOME, for root the system's folder, else the user's own.

    Raises AdvisoryError when the user has no home folder.
    """
    base = os.environ.get("XDG_DATA_HOME", "")
    if os.path.isabs(base):
        return os.path.join(base, "importguard", NAME)
    if os.geteuid() == 0:
        return os.path.join(SYSTEM_FOLDER, NAME)
    home = os.path.expanduser("~")
    if not os.path.isabs(home):
        raise errors.AdvisoryError("no home folder for the database: set HOME or XDG_DATA_HOME, or give --database")
    return os.path.join(home, ".local", "share", "importguard", NAME)


def updated_path():
    """Return the database that `update` wrote, the user's or else the system's, or "" when there is none."""
    try:
        own = update_path()
    except errors.AdvisoryError:
        own = ""
    for path in (own, os.path.join(SYSTEM_FOLDER, NAME)):
        if path and os.path.lexists(path):
            return path
    return ""


def active_path():
    """Return the newest word: the updated database, or the one that ships with importguard."""
    return updated_path() or database.BUNDLED


def paths():
    """Return every database that counts, the one that ships with importguard first."""
    updated = updated_path()
    return (database.BUNDLED, updated) if updated else (database.BUNDLED,)
