"""importguard: every installed distribution gets only the authority that its work needs.

PYTEST_DONT_REWRITE: under `importguard run` this was there before pytest, which would warn of it, and end under `-W error`.
"""

import sys

__version__ = "0.1.0"
__all__ = ["BlockedImport", "Decision", "Denied", "Owner", "Record", "Request", "arm"]

_HOMES = {
    "arm": "importguard.launch.embed",
    "BlockedImport": "importguard.denials",
    "Denied": "importguard.denials",
    "Decision": "importguard.model",
    "Owner": "importguard.model",
    "Record": "importguard.model",
    "Request": "importguard.model",
}


def __getattr__(name):
    # Loaded on first use: this file runs in every guarded process, before any line of the program.
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'importguard' has no attribute {name!r}")
    later = sys.modules.get("importguard.later")
    if later is not None and later.find is not None and home in later.PUBLIC:
        return getattr(later.load((home,)), name)  # in a guarded process, which has nothing to find it by
    return getattr(__import__(home, fromlist=[name]), name)
