"""The function that decides is replaced wherever the guard's modules have it."""

import sys

from acme_tamper.stage import steal, trying

with trying():
    allowed = sys.modules["importguard.policy.decide"].ALLOWED
    for name, module in list(sys.modules.items()):
        if name.startswith("importguard.") and hasattr(module, "decide"):
            module.decide = lambda table, request: allowed
steal()
