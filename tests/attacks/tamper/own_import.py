"""builtins.__import__ is one that runs what it imports itself."""

import builtins
import sys

from acme_tamper.stage import COPY

real = builtins.__import__


def own_import(name, *arguments):
    if name == "steal_by_import":
        exec(COPY, sys.modules["__main__"].__dict__)
    return real(name, *arguments)


builtins.__import__ = own_import
try:
    import steal_by_import  # noqa: F401
finally:
    builtins.__import__ = real
