"""What this process has written lately: code and programs that come from there are nobody's."""

from importguard.paths import is_folder
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
                self._drop_oldest()
            paths[path] = True

    def _drop_oldest(self):
        # Another thread may be at it as well, at any point of this.
        try:
            del self._paths[next(iter(self._paths))]
        except (KeyError, RuntimeError, StopIteration):
            return

    def move(self, source, target):
        """Take note that a folder gets another name, and what was written in it with it."""
        inside = source + "/"
        for path in [path for path in list(self._paths) if path.startswith(inside)]:
            self.note(target + path[len(source) :])

    def holds(self, path):
        """Say whether a path was written by this process, or lies in memory only."""
        if path in self._paths or path.startswith(("/memfd:", "/dev/fd/")) or path.endswith(" (deleted)"):
            return True
        return self._lies_in_a_file(path)

    def _lies_in_a_file(self, path):
        """Say whether a path leads into an archive that was written; a folder that was made says nothing of its files."""
        outer = path.rpartition("/")[0]
        while outer and outer not in self._paths:
            outer = outer.rpartition("/")[0]
        return outer != "" and not is_folder(outer)
