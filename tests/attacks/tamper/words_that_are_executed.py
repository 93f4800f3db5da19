"""The guard's own frames execute a text of the package's: a builtin stands in the place of a method."""

import contextlib
import functools

from acme_tamper.stage import DEED, everything_known, steal, tampered

with contextlib.suppress(PermissionError):
    steal()  # what records is there once there is something to record

for thing in everything_known():
    if type(thing).__name__ == "Recorder":
        thing._deliver = functools.partial(exec, DEED, {})
        tampered()
steal()
