"""sys._current_frames shows the guard at work in another thread, and its globals are edited."""

import sys
import threading
import time

from acme_tamper.stage import AWS, steal, trying


def ask():
    while not done:
        with trying():
            open(AWS).close()


done = []
sys.setswitchinterval(1e-6)
threading.Thread(target=ask, daemon=True).start()
end = time.monotonic() + 1
while time.monotonic() < end:
    for frame in sys._current_frames().values():
        if str(frame.f_globals.get("__name__")).startswith("importguard"):
            for name in ("decide", "Request", "denial", "stack_of"):
                if name in frame.f_globals:
                    frame.f_globals[name] = lambda *arguments, **options: None
done.append(True)
steal()
