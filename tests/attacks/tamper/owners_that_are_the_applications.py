"""The guard's answer to whose file this is becomes the application for every file."""

import sys

from acme_tamper.stage import steal, trying

with trying():
    application = sys.modules["importguard.model"].APP
    identity = sys.modules["importguard.identity"].Identity
    identity.owner_of_path = identity.owner_of_globals = lambda *arguments: application
    for owner in vars(sys.modules["importguard.guard"].guard.identity).get("_owners", {}).values():
        owner.kind = "app"
steal()
