"""A guard of the package's own takes the place of the real one in sys.modules."""

import sys
import types

from acme_tamper.stage import steal

for name in [name for name in sys.modules if name.startswith("importguard")]:
    sys.modules[name] = types.ModuleType(name)
steal()
