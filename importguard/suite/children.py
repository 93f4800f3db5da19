"""What the processes below this one were refused, and what ran here when each of them was started."""

import contextlib
import os
import shutil
import tempfile

from importguard.ledger import regular
from importguard.pinned import (  # a test's patch may be on when it is reported
    int,
    len,
    list,
    listdir,
    sorted,
    stat,
    time_ns,
)
from importguard.report import reader

SETTLED = 100_000_000  # nanoseconds: clocks of file systems are coarse
MOST_READ = 1 << 20  # of one place at a time: whoever runs there writes it


class Children:
    """A folder with a file for each place that has started something, to which all that comes of it copies its refusals.

    `here` gives the place of what runs in this thread; `started` are the places that have started something.
    """

    def __init__(self, here):
        self.folder = tempfile.mkdtemp(prefix="importguard-")
        self._owner = os.getpid()
        self._numbers = {}
        self._sizes = {}
        self._known, self._listed = [], 0  # (place, file), and when the folder had changed by then
        self.started = set()
        os.register_at_fork(after_in_parent=lambda: self.started.add(here()))

    def file_of(self, place):
        """Return the file for what is started while a place runs; a place has to be known before it forks."""
        self.started.add(place)
        return f"{self.folder}/{self.know(place)}"

    def know(self, place):
        """Give a place its number."""
        return self._numbers.setdefault(place, len(self._numbers))

    def refused(self):
        """Return (place, record) for what is new since the last call."""
        try:
            self._look()
        except OSError:
            return []
        return [(place, record) for place, name in self._known for record in self._new(name)]

    def _look(self):
        """Learn which files are there. Most children are refused nothing: one look at the folder says that none is new."""
        changed = stat(self.folder).st_mtime_ns
        if changed == self._listed:
            return
        # What was changed just now may change again without another time of change.
        self._listed = changed if time_ns() - changed > SETTLED else 0
        places = list(self._numbers)
        names = sorted(name for name in listdir(self.folder) if name.isdecimal() and int(name) < len(places))
        self._known = [(places[int(name)], name) for name in names]

    def _new(self, name):
        """Return the records that are new in a file; what was not written by a guarded process says so itself."""
        done = self._sizes.get(name, 0)
        try:
            if stat(f"{self.folder}/{name}").st_size == done:
                return []
            with regular.read_binary(f"{self.folder}/{name}") as file:
                file.seek(done)
                data = file.read(MOST_READ)
        except OSError:
            return []
        # A line that long is none of a guard's, and must not keep what comes after it from being read.
        whole = data if len(data) == MOST_READ and b"\n" not in data else data[: data.rfind(b"\n") + 1]
        self._sizes[name] = done + len(whole)
        records = [reader.read_line(line) for line in whole.splitlines()]
        return [record for record in records if record["event"] == "decision"]

    def end(self):
        """Remove the folder; whoever is left writes no copies from now on."""
        if os.getpid() == self._owner:
            with contextlib.suppress(OSError):
                shutil.rmtree(self.folder)
