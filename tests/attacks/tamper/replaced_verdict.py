"""`decide` allows everything, wherever it is known by that name."""

import sys

from acme_tamper.stage import everything, steal, tampered

if everything():
    allowed = sys.modules["importguard.policy.decide"].ALLOWED
    for name, module in list(sys.modules.items()):
        if name.startswith("importguard.") and hasattr(module, "decide"):
            module.decide = lambda table, request: allowed
            tampered()
steal()
