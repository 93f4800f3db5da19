"""Reading environment variables raises no event: where a rule cares, `os.environ` asks before it answers.

With the core in C, which asks for the dict behind it as well (environ.c), this isn't loaded.
"""

from importguard.paths import as_text
from importguard.pinned import get_frame


def wrap_environ(module, judge):
    """Have the mapping behind `os.environ` and `os.environb` ask for each variable that is read by its name.

    `dict(os.environ)` and the like read every variable by its name. The dict inside it, and `posix.environ`, don't ask.
    """
    kind = module._Environ
    real = kind.__getitem__

    def __getitem__(self, key):
        name = as_text(key)
        if name is not None:
            judge("env.read", name, None, get_frame(1), "wrap")
        return real(self, key)

    __getitem__.__doc__ = real.__doc__
    __getitem__.__wrapped__ = real
    kind.__getitem__ = __getitem__
