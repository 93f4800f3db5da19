"""What this process has written lately: code and programs that come from there are nobody's."""

from importguard.pinned import len, list

MOST = 4096


class Written:
    """Remembers the last MOST paths that were opened for writing, created, moved or made executable."""

    def __init__(self):
        self._paths = {}

    def note(self, path):
        paths = self._paths
        if path not in paths:
            if len(paths) >= MOST:
                del paths[next(iter(paths))]
            paths[path] = True

    def move(self, source, target):
        """Take note that a folder gets another name, and what was written in it with it."""
        for path in list(self._paths):
            if path.startswith(source + "/"):
                self.note(target + path[len(source) :])

    def holds(self, path):
        """Say whether a path was written by this process, or lies in memory only."""
        return path in self._paths or path.startswith(("/memfd:", "/dev/fd/")) or path.endswith(" (deleted)")
