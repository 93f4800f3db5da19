"""Records how long the modules of this process took to be imported, a handful at a time. Loaded where that is asked for."""

from importguard.pinned import len
from importguard.report.sink import to_json

MOST_BYTES = 3200  # of the modules in one record, which has to fit a pipe
MOST_NAME = 200


class Timings:
    """Gathers what the core in C says of each module, and records it when the outermost import is over."""

    def __init__(self, recorder):
        self.recorder = recorder
        self.modules = []
        self.size = 0

    def add(self, module, owner, start, duration, own, depth):
        """Take one module whose body has ended: microseconds since 1970, and how long with and without those inside."""
        name, version, kind = owner
        whose = {"name": name[:MOST_NAME], "version": version[:MOST_NAME], "kind": kind}
        entry = {"module": module[:MOST_NAME], "owner": whose, "start": start, "duration": duration, "self": own, "depth": depth}
        size = len(to_json(entry).encode("utf-8", "backslashreplace"))
        if self.size + size > MOST_BYTES:
            self._write()
        self.modules.append(entry)
        self.size += size
        if depth == 0:
            self._write()

    def _write(self):
        # Another thread may come in between.
        modules, self.modules, self.size = self.modules, [], 0
        if modules:
            self.recorder.record("imports", modules=modules)
