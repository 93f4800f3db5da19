"""gc.get_objects finds the closures of the guard's functions, and their cells are emptied."""

import gc
import types

from acme_tamper.stage import steal, trying

for function in gc.get_objects():
    if type(function) is types.FunctionType and str(function.__module__).startswith("importguard"):
        for cell in function.__closure__ or ():
            with trying():
                cell.cell_contents = lambda *arguments, **options: ()
steal()
