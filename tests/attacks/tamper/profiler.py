"""A profiler for every call exchanges the guard's globals when it sees them."""

import sys

from acme_tamper.stage import steal, trying


def profile(frame, event, argument):
    if str(frame.f_globals.get("__name__")).startswith("importguard"):
        frame.f_globals["decide"] = lambda *arguments: None


sys.setprofile(profile)
with trying():
    steal()
steal()
