"""Loads the trusted base from one file of bytecode; used before importguard itself can be imported."""

import marshal
import posix
import sys


def finder(folder):
    """Return a meta-path finder for the bundle in `folder` that fits this very interpreter, or None without one."""
    name = "/base-%s-%x.bin" % (sys.implementation.cache_tag, sys.hexversion)
    try:
        fd = posix.open(folder + name, posix.O_RDONLY | posix.O_CLOEXEC)
    except OSError:
        return None
    try:
        return Bundle(marshal.loads(posix.read(fd, posix.fstat(fd).st_size)))
    finally:
        posix.close(fd)


class Bundle:
    """Finds and loads {module: (is a package, file, code)}."""

    def __init__(self, entries):
        self.entries = entries

    def find_spec(self, name, path=None, target=None):
        entry = self.entries.get(name)
        if entry is None:
            return None
        is_package, file, _ = entry
        spec = type(sys.__spec__)(name, self, origin=file, is_package=is_package)
        spec.has_location = True
        if is_package:
            spec.submodule_search_locations.append(file.rpartition("/")[0])
        return spec

    def create_module(self, spec):
        return None

    def exec_module(self, module):
        exec(self.entries[module.__name__][2], module.__dict__)
