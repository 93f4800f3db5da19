"""The environment that a child inherits: the process's own in C, which Python can write to and can't read."""

import posix
import sys

from importguard.paths import as_text
from importguard.pinned import getattr


class Inherited:
    """`variables` maps names to values as the program sees them: without what the guard keeps there for children.

    `os.environ` is no more than a copy with a habit of telling: `os.putenv` changes what children inherit and not the
    copy, and a program may put another mapping in its place, which changes nothing for them.
    """

    def __init__(self):
        # Ahead of `site` there is no `os` yet; an environment's own hook comes when start-up files have changed a few.
        known = getattr(getattr(sys.modules.get("os"), "environ", None), "_data", posix.environ)
        self.variables = {as_text(name): as_text(value) for name, value in known.items()}

    def follow(self, module):
        """Have the two functions of `posix` that write to the environment say so."""
        put_in_c, unset_in_c = module.putenv, module.unsetenv

        def putenv(name, value, /):
            put_in_c(name, value)
            self.variables[as_text(name)] = as_text(value)

        def unsetenv(name, /):
            unset_in_c(name)
            self.variables.pop(as_text(name), None)

        module.putenv = dressed(putenv, put_in_c)
        module.unsetenv = dressed(unsetenv, unset_in_c)


def dressed(function, real):
    """Return `function` with the name and the text of the one that it stands for."""
    function.__name__ = function.__qualname__ = real.__name__
    function.__doc__ = real.__doc__
    function.__module__ = real.__module__
    return function
