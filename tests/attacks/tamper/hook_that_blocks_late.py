"""An audit hook raises on the events that the guard is asked by, and for its canary."""

import sys

from acme_tamper.stage import steal, trying


def hook(event, arguments):
    if event.startswith("importguard") or (event == "open" and is_blocking):
        raise RuntimeError


is_blocking = True
sys.addaudithook(hook)
with trying():
    steal()
is_blocking = False
steal()
