"""Loads the trusted base from one file of bytecode; used before importguard itself can be imported."""

import marshal
import posix
import sys

LATER = "importguard.later"
WHOLE = ""  # the name of the bundle itself among the parts that lie in it
NUMBER = 8  # bytes at its start: where its head begins


def load(folder):
    """Load what arming needs from the bundle in `folder` that fits this very interpreter; return whether there is one."""
    name = "/base-%s-%x.bin" % (sys.implementation.cache_tag, sys.hexversion)
    try:
        fd = posix.open(folder + name, posix.O_RDONLY | posix.O_CLOEXEC)
    except OSError:
        return False
    try:
        data = posix.read(fd, posix.fstat(fd).st_size)
    finally:
        posix.close(fd)
    # Whoever hears audit events gets a copy of what is unmarshalled: what is loaded later lies outside.
    first, rest = marshal.loads(memoryview(data)[int.from_bytes(data[:NUMBER], "little") :])
    for entry in first:
        if entry[0] not in sys.modules:
            load_module(*entry)
    later = sys.modules[LATER]
    later.parts.update(rest)
    later.parts[WHOLE] = data
    later.find = find_part
    later.execute = load_module
    return True


def find_part(name):
    """Return (is a package, file, code) of a module that is loaded later, None where the bundle has none."""
    parts = sys.modules[LATER].parts
    if name not in parts:
        return None
    is_package, file, start, size = parts[name]
    return is_package, file, marshal.loads(memoryview(parts[WHOLE])[start : start + size])


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
