"""Which test a record belongs to: by its task, by who started its thread, by what runs now."""

import _thread
import contextvars
import sys
import threading

from importguard.report.log import NOTICED

LOADING, SESSION = "the loading of plugins and conftests", "no test in particular"
COLLECTION = "collection of "
# Tasks of asyncio copy the context that they are made in, so that one which outlives its test still names it. What a module
# copies while it is collected is for its tests to use, and so it names no place: whatever test uses it is to blame.
_place = contextvars.ContextVar("importguard_place", default=None)


class Places:
    """Keeps what was refused, or would have been, and at which place: a test by its id, or what is none."""

    def __init__(self):
        self.current = LOADING
        self.kept = {}  # place: its records, oldest first
        self._main = threading.get_ident()
        self._threads = {}

    def enter(self, place):
        """Say what runs from here on; the threads that are there by now belong to what ran before."""
        if _thread._count():
            alive = sys._current_frames()
            self._threads = {ident: self._threads.get(ident, self.current) for ident in alive if ident != self._main}
        elif self._threads:
            self._threads = {}
        self.current = place
        _place.set(None if place.startswith(COLLECTION) else place)

    def take(self, record):
        """Keep a record of this process, in the thread in which it was made."""
        self.keep(self.here(), record)

    def keep(self, place, record):
        """Keep a record of a place, unless it says of nothing that was or would have been refused."""
        if record.get("verdict", "allow") != "allow" and record.get("rule") != NOTICED:
            self.kept.setdefault(place, []).append(record)

    def here(self):
        """Return the place of what runs in this thread."""
        return _place.get() or self._threads.get(threading.get_ident()) or self.current

    def of(self, place):
        """Return what was kept of a place, oldest first."""
        return list(self.kept.get(place, ()))

    def forget(self, place, count):
        """Drop the first records of a place, which its report has told."""
        if place in self.kept:
            del self.kept[place][:count]

    def take_all(self):
        """Return {place: records} of what no report has told, and keep it no longer."""
        kept, self.kept = self.kept, {}
        return kept
