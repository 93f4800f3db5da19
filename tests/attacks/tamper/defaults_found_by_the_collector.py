"""gc.get_objects finds the guard's functions, and their defaults are exchanged."""

import gc
import types

from acme_tamper.stage import steal, trying

for function in gc.get_objects():
    if type(function) is types.FunctionType and str(function.__module__).startswith("importguard"):
        with trying():
            function.__defaults__ = tuple(None for _ in function.__defaults__ or ())
            function.__kwdefaults__ = dict.fromkeys(function.__kwdefaults__ or ())
steal()
