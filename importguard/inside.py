"""Whether it is the guard itself that does something, so that nobody has to be asked.

While the guard is at work, others may come to run in the same thread: a signal handler, a tracer, a finalizer. What
they do is theirs, so that it is the frames that count, and not the thread alone.
"""

import _frozen_importlib
import sys

from importguard.pinned import id, list, set, type

IMPORT_SYSTEM = (_frozen_importlib.__dict__, sys.modules["_frozen_importlib_external"].__dict__)


class Inside:
    """The threads in which the guard is at work (`busy`), and the namespaces of its own code."""

    def __init__(self, busy):
        self.busy = busy
        self.spaces = set()

    def learn(self):
        """Take the guard's modules for its own; to be called before anything else can be imported."""
        for name, module in list(sys.modules.items()):
            if type(module) is type(sys) and (name + ".").startswith("importguard."):
                self.spaces.add(id(module.__dict__))

    def is_own(self, frame):
        """Say whether the code in a frame is the guard's, or is importing something for it."""
        while frame is not None:
            namespace = frame.f_globals
            if id(namespace) in self.spaces:
                return True
            if namespace is not IMPORT_SYSTEM[0] and namespace is not IMPORT_SYSTEM[1]:
                return False
            frame = frame.f_back
        return False
