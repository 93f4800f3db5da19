"""The walk that the guard asks for is replaced by one that finds nobody."""

import sys

from acme_tamper.stage import steal, trying

with trying():
    guard = sys.modules["importguard.guard"].guard
    guard.walker.walk_tags = lambda frame: ([], 0, None)
    type(guard.walker).trace = lambda self, frame: sys.modules["importguard.blame"].Origin((), "run", "")
steal()
