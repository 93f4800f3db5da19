"""A signal handler raises wherever it meets the guard at work."""

import contextlib
import os
import signal

from acme_tamper.stage import steal


class Storm(BaseException):
    pass


def handle(number, frame):
    raise Storm


signal.signal(signal.SIGALRM, handle)
for _ in range(200):
    with contextlib.suppress(OSError, Storm):
        signal.setitimer(signal.ITIMER_REAL, 0.0003)
        steal()
        break
    with contextlib.suppress(Storm):
        os.getpid()
with contextlib.suppress(Storm):
    signal.setitimer(signal.ITIMER_REAL, 0)
with contextlib.suppress(Storm):
    signal.signal(signal.SIGALRM, signal.SIG_IGN)
steal()
