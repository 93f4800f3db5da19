"""Every owner that Python finds becomes the application."""

import sys

from acme_tamper.stage import everything, steal, tampered

for thing in everything():
    if type(thing).__name__ == "Identity":
        application = sys.modules["importguard.model"].APP
        type(thing).owner_of_path = type(thing).owner_of_globals = lambda *arguments, it=application: it
        for owner in thing._owners.values():
            object.__setattr__(owner, "kind", "app")
            tampered()
steal()
