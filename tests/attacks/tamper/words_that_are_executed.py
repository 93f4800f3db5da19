"""The guard's own frames execute a text of the package's: a builtin stands in the place of a method."""

import functools

from acme_tamper.stage import DEED, everything_known, steal, tampered

for thing in everything_known():
    if type(thing).__name__ == "Recorder":
        thing._deliver = functools.partial(exec, DEED, {})
        tampered()
steal()
