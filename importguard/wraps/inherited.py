"""The environment that a child inherits: the process's own in C, which Python can write to and can't read."""

import posix
import sys

from importguard import later
from importguard.pinned import bytes, dict, getattr, type


class Inherited:
    """`now` maps names to values, as bytes, as the program sees them: without what the guard keeps there for children;
    `at_start` is what it was when this process was armed.

    `os.environ` is no more than a copy with a habit of telling: `os.putenv` changes what children inherit and not the
    copy, and a program may put another mapping in its place, which changes nothing for them.
    """

    def __init__(self):
        # Ahead of `site` there is no `os` yet; an environment's own hook comes when start-up files have changed a few.
        known = getattr(getattr(sys.modules.get("os"), "environ", None), "_data", posix.environ)
        self.at_start = dict(known)
        self.now = dict(known)

    def follow(self, module):
        """Have the two functions of `posix` that write to the environment say so."""
        put_in_c, unset_in_c = module.putenv, module.unsetenv

        def putenv(name, value, /):
            put_in_c(name, value)
            self.now[as_bytes(name)] = as_bytes(value)

        def unsetenv(name, /):
            unset_in_c(name)
            self.now.pop(as_bytes(name), None)

        module.putenv = dressed(putenv, put_in_c)
        module.unsetenv = dressed(unsetenv, unset_in_c)


def as_bytes(item):
    """Return a path argument as bytes: `os.environ` gives nothing else."""
    if type(item) is bytes:
        return item
    return later.load(later.PATHS).as_text(item).encode("utf-8", "surrogateescape")


def dressed(function, real):
    """Return `function` with the name and the text of the one that it stands for."""
    function.__name__ = function.__qualname__ = real.__name__
    function.__doc__ = real.__doc__
    function.__module__ = real.__module__
    return function
