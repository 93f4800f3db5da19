"""Loads the trusted base from one file of bytecode; used before importguard itself can be imported."""

import marshal
import posix
import sys

LATER = "importguard.later"


def load(folder):
    """Load what arming needs from the bundle in `folder` that fits this very interpreter; return whether there is one."""
    name = "/base-%s-%x.bin" % (sys.implementation.cache_tag, sys.hexversion)
    try:
        fd = posix.open(folder + name, posix.O_RDONLY | posix.O_CLOEXEC)
    except OSError:
        return False
    try:
        first, rest = marshal.loads(posix.read(fd, posix.fstat(fd).st_size))
    finally:
        posix.close(fd)
    for entry in first:
        if entry[0] not in sys.modules:
            load_module(*entry)
    later = sys.modules[LATER]
    later.parts.update(rest)
    later.find = find_part
    later.execute = load_module
    return True


def find_part(name):
    """Return (is a package, file, code) of a module that is loaded later, None where the bundle has none."""
    is_package, file, data = sys.modules[LATER].parts.get(name, (None, None, None))
    return (is_package, file, marshal.loads(data)) if data else None


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
