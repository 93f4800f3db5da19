"""Many threads try the deed at once, while others keep the guard at work."""

import sys
import threading

from acme_tamper.stage import steal, trying

sys.setswitchinterval(1e-6)


def hammer():
    for _ in range(25):
        with trying():
            steal()


threads = [threading.Thread(target=hammer) for _ in range(6)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
