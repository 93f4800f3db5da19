"""What finds out who is to blame finds nobody."""

from acme_tamper.stage import everything, steal, tampered, trying

for thing in everything():
    if hasattr(thing, "services"):
        for name in list(thing.services):
            thing.services[name] = lambda *arguments: None
            tampered()
    if type(thing).__name__ == "Walker":
        with trying():
            type(thing).trace = type(thing).choose = lambda *arguments: None
            tampered()
steal()
