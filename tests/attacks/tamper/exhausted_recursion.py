"""The deed is tried at each depth near the end of the stack."""

import contextlib
import sys

from acme_tamper.stage import steal


def descend(depth):
    if depth:
        descend(depth - 1)
    else:
        steal()
        done.append(True)


done = []
sys.setrecursionlimit(200)
for depth in range(100, 200):
    with contextlib.suppress(OSError, RecursionError):
        if not done:
            descend(depth)
