"""The policy is emptied, in all the forms that Python finds."""

from acme_tamper.stage import everything, steal, tampered, trying

for thing in everything():
    with trying():
        thing.session["table"].clear()
        tampered()
    if type(thing).__name__ == "Table":
        for name in dir(thing):
            value = getattr(thing, name, None)
            if type(value) in (dict, list, set):
                value.clear()
        type(thing).watches = lambda *arguments: False
steal()
