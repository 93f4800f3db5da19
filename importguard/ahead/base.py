"""Loads the trusted base from one file of bytecode; used before importguard itself can be imported. The file holds this module as
well, for `ahead/encodings.py`, which reads the beginning by itself."""

import marshal
import posix
import sys

LATER = "importguard.later"
# Among the parts that are loaded later: where all of them lie, and what was executed at once, which nobody else keeps. To give
# all of that back when the interpreter ends would take as long as to read it.
REST, FIRST = "", " "
NUMBER = 8  # bytes at the start of a bundle: the size of its head


def load(folder):
    """Load what arming needs from the bundle in `folder` that fits this very interpreter; return whether there is one."""
    path = ("%s/base-%s-%x.bin" % (folder, sys.implementation.cache_tag, sys.hexversion)).encode("utf-8", "surrogateescape")
    try:
        fd = posix.open(path, posix.O_RDONLY | posix.O_CLOEXEC)
    except OSError:
        return False
    try:
        size = int.from_bytes(posix.read(fd, NUMBER), "little")
        head = posix.read(fd, size)
    finally:
        posix.close(fd)
    take(path, NUMBER + size, marshal.loads(head))
    return True


def take(path, start, head):
    """Load what arming needs from the head of a bundle; the rest begins at `start` of the file at `path`."""
    _, first, rest, of_c = head
    for entry in first:
        if entry[0] not in sys.modules:
            load_module(*entry)
    later = sys.modules[LATER]
    later.parts.update(rest)
    later.parts[REST] = (path, start, of_c)
    later.parts[FIRST] = first
    later.find = find_part
    later.execute = load_module


def find_part(name):
    """Return (is a package, file, code) of a module that is loaded later, None where the bundle has none. The core in C finds
    them by itself."""
    later = sys.modules[LATER]
    if name not in later.parts:
        return None
    if later.rest is None:
        path, start, _ = later.parts[REST]
        later.rest = read_rest(path, start)
    is_package, file, start, size = later.parts[name]
    return is_package, file, marshal.loads(memoryview(later.rest)[start : start + size])


def read_rest(path, start):
    """Return the bytes of a file from a place on."""
    fd = posix.open(path, posix.O_RDONLY | posix.O_CLOEXEC)
    try:
        return posix.pread(fd, posix.fstat(fd).st_size - start, start)
    finally:
        posix.close(fd)


def load_module(name, is_package, file, code):
    """Do for one module what importlib does; its finders and locks take longer than all of the modules themselves."""
    module = type(sys)(name)
    spec = module.__spec__ = type(sys.__spec__)(name, None, origin=file, is_package=is_package)
    spec.has_location = True
    module.__file__ = file
    parent, _, leaf = name.rpartition(".")
    module.__package__ = name if is_package else parent
    if is_package:
        module.__path__ = spec.submodule_search_locations
        module.__path__.append(file.rpartition("/")[0])
    sys.modules[name] = module
    exec(code, module.__dict__)
    if parent:
        setattr(sys.modules[parent], leaf, module)
    return module
