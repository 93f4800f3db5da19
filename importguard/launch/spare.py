"""Descriptors that are held back: to end a tree, `/proc` must be read and a library be loaded, at any time."""

import os

MANY = 8


class Spare:
    """Holds descriptors until they are needed; what it can't have is done without."""

    def __init__(self):
        self._held = []
        try:
            for _ in range(MANY):
                self._held.append(os.open("/", os.O_RDONLY | os.O_CLOEXEC))
        except OSError:
            return

    def release(self):
        """Let go of them, for good."""
        while self._held:
            os.close(self._held.pop())
