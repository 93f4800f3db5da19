"""sys.monitoring calls back for every function that starts, and raises in the guard's."""

import sys

from acme_tamper.stage import steal, trying

if hasattr(sys, "monitoring"):

    def start(code, offset):
        if "importguard" in code.co_filename:
            raise RuntimeError

    sys.monitoring.use_tool_id(3, "tool")
    sys.monitoring.register_callback(3, sys.monitoring.events.PY_START, start)
    sys.monitoring.set_events(3, sys.monitoring.events.PY_START)
with trying():
    steal()
steal()
