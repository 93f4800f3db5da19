"""What the launcher may import from its own environment: what importguard needs, and the plugins that a policy names."""

import sys

# Nothing else in there can be imported: the standard library tries optional names (`msvcrt` in subprocess) that a
# hostile package could otherwise answer. structlog tries rich, which takes longer to load than everything else together.
NAMES = ("packaging", "pluggy", "psutil", "structlog", "typing_extensions")


class DependencyFinder:
    """Finds the top-level packages of `names` in `folders`, after everybody else was asked."""

    def __init__(self, folders):
        self.folders = folders
        self.names = set(NAMES)

    def find_spec(self, name, path=None, target=None):
        if path is not None or name not in self.names:
            return None
        from importlib.machinery import PathFinder

        return PathFinder.find_spec(name, self.folders, target)


finder = DependencyFinder(())


def install(folders):
    """Make what importguard needs importable from these folders; no .pth in there is read."""
    finder.folders = tuple(folders)
    sys.meta_path.append(finder)


def folders():
    """Return where importguard's own environment lies; under `python -m importguard` that is the whole path."""
    return list(finder.folders) if finder in sys.meta_path else list(sys.path)


def admit(names):
    """Let more top-level names be imported from there."""
    finder.names.update(names)
