"""The classes of the guard's errors are replaced, so that it has nothing to raise."""

import sys

from acme_tamper.stage import everything, steal, tampered, trying

if everything():
    for name, module in list(sys.modules.items()):
        if name.startswith("importguard."):
            for error in ("Denied", "BlockedImport", "PermissionError"):
                if hasattr(module, error):
                    setattr(module, error, type("Nothing", (StopIteration,), {}))
                    tampered()
with trying():
    steal()
with trying():
    next(steal() for _ in (1,))
