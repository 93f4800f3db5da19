"""The door for imports: a finder at position 0 that asks the others, and looks at what they found."""

import sys

from importguard.denials import BlockedImport
from importguard.patching import PatchingLoader
from importguard.pinned import get_frame, getattr, len, list, read_file, type

UNCHECKED_HASH = 0b01
CHECKED_HASH = 0b11


class Finder:
    """Asks the finders behind it and hands their spec on as it is, once the guard has looked at it.

    `examine(name, spec, frame)`, told who imports, raises to block an import; `patches` maps module names to functions that are called with
    the module after it ran, the only case in which a loader is wrapped.
    """

    def __init__(self, examine, patches):
        self.examine = examine
        self.patches = patches

    def find_spec(self, name, path=None, target=None):
        for finder in list(sys.meta_path):
            if finder is self:
                continue
            find = getattr(finder, "find_spec", None)
            spec = find(name, path, target) if find is not None else None
            if spec is not None:
                try:
                    self.examine(name, spec, get_frame(1))
                except BlockedImport as blocked:
                    raise blocked.with_traceback(None) from None
                patch = self.patches.get(name)
                if patch is not None and spec.loader is not None:
                    spec.loader = PatchingLoader(spec.loader, patch)
                return spec
        return None

    def invalidate_caches(self):
        """Nothing is cached here; the finders behind are asked by importlib itself."""

    def is_first(self):
        return len(sys.meta_path) > 0 and sys.meta_path[0] is self

    def go_first(self):
        """Take position 0 again; return what stood there."""
        before = sys.meta_path[0] if sys.meta_path else None
        others = [finder for finder in sys.meta_path if finder is not self]
        if type(sys.meta_path) is list:
            sys.meta_path[:] = [self, *others]
        else:
            # A list of somebody's own making does what it likes when it is changed.
            sys.meta_path = [self, *others]
        return before


def bytecode_problem(name, origin, cached, loader, came_with_a_wheel):
    """Say what is wrong with the bytecode that a module's loader would run: "" for nothing, else a word for the record."""
    if origin.endswith(".pyc"):
        return "sourceless"
    if not origin.endswith(".py") or type(cached) is not str:
        return ""
    try:
        head = read_file(cached) if came_with_a_wheel(cached) else _head(cached)
    except OSError:
        return ""
    if len(head) >= 8 and head[4] & CHECKED_HASH == UNCHECKED_HASH:
        return "unchecked-hash"
    if len(head) > 16:
        return _compare(name, origin, loader)
    return ""


def _head(path):
    from importguard.pinned import O_CLOEXEC, O_RDONLY, close, open, read

    fd = open(path, O_RDONLY | O_CLOEXEC)
    try:
        return read(fd, 16)
    finally:
        close(fd)


def _compare(name, origin, loader):
    """A wheel brought this bytecode along: run it only when it is what its source says."""
    try:
        source = read_file(origin)
        given = loader.get_code(name)
    except (OSError, ImportError):
        return ""
    made = compile(source, origin, "exec", dont_inherit=True)
    return "" if made == given else "differs-from-source"
