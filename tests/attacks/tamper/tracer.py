"""A tracer for every frame changes the locals of the guard's."""

import sys

from acme_tamper.stage import steal, trying


def trace(frame, event, argument):
    if str(frame.f_globals.get("__name__")).startswith("importguard"):
        frame.f_globals["decide"] = lambda *arguments: None
        frame.f_locals.update(verdict="log", decision=None)
    return trace


sys.settrace(trace)
with trying():
    steal()
steal()
