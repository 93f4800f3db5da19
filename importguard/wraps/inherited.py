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
            if type(name) is type(value) is bytes:  # as from `os.environ`, which a suite writes to four times a test
                self.now[name] = value
            else:
                self.now[as_bytes(name)] = as_bytes(value)

        def unsetenv(name, /):
            unset_in_c(name)
            self.now.pop(as_bytes(name), None)

        module.putenv = StandIn(putenv, put_in_c)
        module.unsetenv = StandIn(unsetenv, unset_in_c)


def as_bytes(item):
    """Return a path argument as bytes: `os.environ` gives nothing else."""
    if type(item) is bytes:
        return item
    return later.load(later.PATHS).as_text(item).encode("utf-8", "surrogateescape")


class StandIn:
    """Stands for a function that is built in, under its name and with its text: a class that has it as an attribute doesn't
    bind it, and it is pickled by its name."""

    def __init__(self, function, real):
        like = {name: getattr(real, name) for name in ("__name__", "__qualname__", "__doc__", "__module__")}
        self.__dict__.update(like, __wrapped__=function)

    def __call__(self, /, *args, **named):
        return self.__wrapped__(*args, **named)

    def __repr__(self):
        return f"<built-in function {self.__name__}>"

    def __reduce__(self):
        return self.__name__
