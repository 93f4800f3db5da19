"""Every method of every object of the guard does nothing."""

from acme_tamper.stage import everything, steal, tampered, trying

for thing in everything():
    for name in dir(type(thing)):
        if not name.startswith("__"):
            with trying():
                setattr(type(thing), name, lambda *arguments, **options: None)
                tampered()
steal()
