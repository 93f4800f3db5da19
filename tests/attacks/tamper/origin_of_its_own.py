"""What carries the origin of deferred work is called with the application for an origin."""

import sys

from acme_tamper.stage import AWS, LOOT, steal

if "importguard.guard" not in sys.modules:
    steal()
else:
    import shutil

    application = sys.modules["importguard.model"].APP
    origin = sys.modules["importguard.blame"].Origin((application,), "run", "")
    sys.modules["importguard.wraps.carrier"].run(origin, shutil.copyfile, (AWS, LOOT), {})
