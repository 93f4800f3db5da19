"""The latest denials of this user's runs, kept so that `importguard explain --record ID` finds what a message named."""

import contextlib
import os
from pathlib import Path

from importguard.report.writer import encode

MOST_BYTES = 1 << 20


def path(environment):
    """Return the file for an environment: below $XDG_STATE_HOME, else ~/.local/state; None without a home."""
    state = environment.get("XDG_STATE_HOME", "")
    if not state.startswith("/"):
        home = environment.get("HOME", "")
        if not home.startswith("/"):
            return None
        state = f"{home}/.local/state"
    return Path(state, "importguard", "denials.jsonl")


class Recent:
    """Appends records to that file; when it has grown too large it starts anew, with the old one kept aside.

    This is a convenience beside --records: where nothing can be written, nothing is, and nothing is said.
    """

    def __init__(self, environment):
        self._path = path(environment)

    def keep(self, record):
        if self._path is None:
            return
        with contextlib.suppress(OSError):
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            if self._path.exists() and self._path.stat().st_size > MOST_BYTES:
                self._path.replace(self._path.with_suffix(".old.jsonl"))
            fd = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
            try:
                os.write(fd, encode(record))
            finally:
                os.close(fd)
