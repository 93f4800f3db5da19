"""The mode of everything that has one is set to `observe`."""

from acme_tamper.stage import everything, steal, tampered, trying

for thing in everything():
    for name, value in (("mode", "observe"), ("enforces", False), ("refuses_startup_files", False), ("on_violation", "deny")):
        if hasattr(thing, name):
            with trying():
                setattr(thing, name, value)
                tampered()
    with trying():
        thing.session["table"]["mode"] = "observe"
steal()
