"""The known-malicious database: one offline file, of which a lookup reads a few hundred bytes."""

from posix import pread

from importguard import errors, versions
from importguard.advisories import advisory, layout
from importguard.pinned import O_CLOEXEC, O_NONBLOCK, O_RDONLY, close, fstat, int, tuple
from importguard.pinned import open as open_file

BUNDLED = __file__.rpartition("/")[0] + "/bundled.db"
_FILE_TYPE, _REGULAR = 0o170000, 0o100000


class Database:
    """An advisory file, opened anew for each lookup: a program may close or replace every descriptor it finds."""

    __slots__ = ("path", "header", "_identity")

    def __init__(self, path):
        self.path = path
        self.header = self._identity = None
        self._with_file(lambda read: None)

    def __repr__(self):
        return f"Database({self.path!r})"

    def lookup(self, name, version):
        """Return the strongest Advisory that holds for a version, or None; "" is a version that nobody knows.

        `verdict` says what to do: "block" a version that is listed as malicious, "warn" of one that may be.
        Raises AdvisoryError when the file is damaged.
        """
        return advisory.strongest(self.findings(name, version))

    def findings(self, name, version):
        """Return every Advisory that holds for a version of a distribution."""
        return _holding(self.entries(name), version)

    def entries(self, name):
        """Return everything that the file says about a name, whatever the version."""
        name = versions.canonical_name(name)
        text = self._bucket(name)
        if not text or not name:
            return []
        rows = [row.split(layout.BETWEEN_FIELDS) for row in text.split(layout.BETWEEN_ENTRIES)]
        return [self._advisory(row) for row in rows if row[0] == name]

    def _bucket(self, name):
        """Return the text of the bucket in which a name would be."""
        return self._with_file(lambda read: layout.read_bucket(read, self.header, self.path, name))

    def _with_file(self, act):
        """Call `act` with a function that reads the open file, whose header is read when it isn't what it was."""
        try:
            descriptor = open_file(self.path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        except OSError as error:
            raise errors.AdvisoryError(f"{self.path!r}: {error.strerror}") from error
        try:
            return self._read_with(lambda offset, length: pread(descriptor, length, offset), fstat(descriptor), act)
        except OSError as error:
            raise errors.AdvisoryError(f"{self.path!r}: {error.strerror}") from error
        finally:
            close(descriptor)

    def _read_with(self, read, status, act):
        identity = (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns)
        if identity != self._identity:
            if status.st_mode & _FILE_TYPE != _REGULAR:
                raise errors.AdvisoryError(f"{self.path!r}: not a regular file")
            self.header = layout.read_header(read, status.st_size, self.path)
            self._identity = identity
        return act(read)

    def _advisory(self, row):
        try:
            name, scope, verdict, source, ids, listed, ranges = row
            return advisory.Advisory(
                name,
                layout.items(ids),
                advisory.SCOPES[int(scope)],
                advisory.VERDICTS[int(verdict)],
                self.header.sources[int(source)],
                layout.items(listed),
                layout.items(ranges),
            )
        except (ValueError, IndexError):
            raise errors.AdvisoryError(f"{self.path!r}: the entry of {row[0]!r} is malformed") from None


class Databases:
    """Several databases asked as one; a later one may know that a record of an earlier one was withdrawn."""

    __slots__ = ("parts",)

    def __init__(self, parts):
        self.parts = tuple(parts)

    def __repr__(self):
        return f"Databases({self.parts!r})"

    def lookup(self, name, version):
        """Return the strongest Advisory of all databases that holds for a version, or None."""
        return advisory.strongest(self.findings(name, version))

    def findings(self, name, version):
        """Return every Advisory that holds for a version of a distribution."""
        return _holding(self.entries(name), version)

    def entries(self, name):
        """Return what the databases say about a name, without what a later one withdrew or knows better."""
        kept = []
        for part in self.parts:
            fresh = part.entries(name)
            kept = [old for old in kept if not advisory.is_superseded(old, fresh)] + fresh
        return kept


def open(path=BUNDLED):
    """Open a database; raises AdvisoryError with file, offset and reason when it is truncated or foreign."""
    return Database(path)


def _holding(entries, version):
    judged = [advisory.judge(entry, version) for entry in entries]
    return [entry for entry in judged if entry is not None]
