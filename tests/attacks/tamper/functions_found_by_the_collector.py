"""gc.get_objects finds the guard's functions, and their code is exchanged."""

import gc
import types

from acme_tamper.stage import steal, trying

for function in gc.get_objects():
    if type(function) is types.FunctionType and str(function.__module__).startswith("importguard"):
        with trying():
            function.__code__ = (lambda *arguments, **options: None).__code__
steal()
