"""Every method of the guard's own objects is replaced by one that answers nothing."""

import sys

from acme_tamper.stage import steal, trying

with trying():
    guard = sys.modules["importguard.guard"].guard
    for thing in [guard, *vars(guard).values()]:
        for name in dir(type(thing)):
            if type(thing).__module__.startswith("importguard.") and not name.startswith("__"):
                with trying():
                    setattr(type(thing), name, lambda *arguments, **options: None)
steal()
