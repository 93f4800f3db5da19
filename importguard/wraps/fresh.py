"""Modules in C that are made a second time: their functions come as they were built, past every wrap."""

from importguard.pinned import BUILTIN, getattr, tuple, type

# Seen in a traceback, this file would be the first line of every extension module that can't be loaded.
UNSEEN = "<frozen importlib._bootstrap>"
CODE = type((lambda: None).__code__)


def with_argument(patch, argument):
    """Return a patch of one argument, the module."""
    return lambda module: patch(module, argument)


def wrap_makers(module, patches):
    """Patch what `_imp` makes; `patches` maps the name of a function to what patches a module that has it."""

    def patched(made):
        for name, patch in patches.items():
            if type(getattr(made, name, None)) is BUILTIN:
                patch(made)
        return made

    make_builtin, make_dynamic = module.create_builtin, module.create_dynamic

    def create_builtin(spec, /):
        return patched(make_builtin(spec))

    def create_dynamic(spec, file=None, /):
        return patched(make_dynamic(spec, file))

    module.create_builtin, module.create_dynamic = create_builtin, create_dynamic


def _unseen(value):
    """Return a constant as it is, or code under a name that nobody looks for in a traceback."""
    return value.replace(co_filename=UNSEEN) if type(value) is CODE else value


# Here, before there is anybody to ask whose code it is: what is made later belongs to whoever has it made.
wrap_makers.__code__ = wrap_makers.__code__.replace(co_consts=tuple(map(_unseen, wrap_makers.__code__.co_consts)))
