"""Modules in C that are made a second time: their functions come as they were built, past every wrap."""

from importguard.pinned import BUILTIN, getattr, setattr, type

# Seen in a traceback, this file would be the first line of every extension module that can't be loaded.
UNSEEN = "<frozen importlib._bootstrap>"


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

    for function in (create_builtin, create_dynamic):
        function.__code__ = function.__code__.replace(co_filename=UNSEEN)
        setattr(module, function.__name__, function)
