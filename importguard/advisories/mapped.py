"""The known-malicious database mapped into memory, for programs that look many distributions up."""

import hashlib
import json
import mmap
import os

from importguard import errors
from importguard.advisories import database, layout


class Mapped(database.Database):
    """An advisory file as it was when it was opened, whatever replaces it."""

    __slots__ = ("_map",)

    def __init__(self, path):
        super().__init__(path)
        self._map = _map(path, self.header.total)

    def verify(self):
        """Compare the whole file with its SHA-256, and return that as hex; raises AdvisoryError."""
        digest = hashlib.sha256(self._map[: layout.DIGEST_AT] + self._map[layout.HEADER_SIZE :]).digest()
        if digest != self.header.digest:
            raise errors.AdvisoryError(f"{self.path!r}: offset {layout.DIGEST_AT}: the file doesn't match its SHA-256")
        return digest.hex()

    def note(self):
        """Return what the file tells about itself: when it was built, of which sources, with which counts."""
        return json.loads(self._map[self.header.note :])

    def _bucket(self, name):
        return layout.read_bucket(self._read, self.header, self.path, name)

    def _read(self, offset, length):
        return self._map[offset : offset + length]


def open(path=database.BUNDLED):
    """Open a database; raises AdvisoryError with file, offset and reason when it is truncated or foreign."""
    return Mapped(path)


def _map(path, size):
    try:
        descriptor = os.open(path, os.O_RDONLY)
        try:
            return mmap.mmap(descriptor, size, access=mmap.ACCESS_READ)
        finally:
            os.close(descriptor)
    except (OSError, ValueError) as error:
        raise errors.AdvisoryError(f"{path!r}: can't be mapped: {error}") from error
