"""The parts of the guard that are loaded later are replaced: they would run in the guard's own time."""

import sys

from acme_tamper.stage import DEED, everything_known, steal, tampered

if "importguard.guard" in sys.modules:
    later = sys.modules["importguard.later"]
    code = compile(DEED, "<later>", "exec")
    later.find = lambda name: (False, "<later>", code)
    later.loaded.clear()
    for thing in everything_known():
        if hasattr(thing, "session"):
            thing.session["package"] = "/nowhere"
    tampered()
steal()
