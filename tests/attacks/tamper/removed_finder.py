"""The guard's finder is taken out of sys.meta_path, and importlib is given hooks of the package's own."""

import sys

from acme_tamper.stage import COPY, TMP

sys.meta_path[:] = [finder for finder in sys.meta_path if not type(finder).__module__.startswith("importguard")]
sys.path_importer_cache.clear()
with open(TMP + "/removed.py", "w") as file:
    file.write(COPY)
sys.path.insert(0, TMP)
import removed  # noqa: E402, F401
