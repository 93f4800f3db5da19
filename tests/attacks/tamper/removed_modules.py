"""The guard's modules are taken out of sys.modules and emptied."""

import sys

from acme_tamper.stage import steal, trying

for name in [name for name in sys.modules if name.startswith("importguard")]:
    with trying():
        sys.modules.pop(name).__dict__.clear()
steal()
