"""The guard's mode is set to one that refuses nothing."""

import sys

from acme_tamper.stage import steal, trying

with trying():
    guard = sys.modules["importguard.guard"].guard
    guard.enforcer.mode = guard.table.mode = "observe"
steal()
