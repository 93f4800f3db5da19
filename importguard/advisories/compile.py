"""Compiles advisories to the one offline file, and puts it in place in one step."""

import contextlib
import hashlib
import json
import os
import tempfile

from importguard import errors
from importguard.advisories import advisory, layout, mapped

FEWEST_BUCKETS = 64
LARGEST_FILE = 1 << 31


def pack(advisories, note):
    """Return the bytes of a database: the same for the same advisories and note, in whatever order they come."""
    rows = sorted(set(advisories), key=lambda entry: entry.as_tuple())
    sources = sorted({entry.source for entry in rows})
    names = len({entry.name for entry in rows})
    buckets = [[] for _ in range(max(FEWEST_BUCKETS, names))]
    for entry in rows:
        buckets[layout.bucket_of(entry.name, len(buckets))].append(_row(entry, sources))
    chunks = [layout.BETWEEN_ENTRIES.join(bucket).encode() for bucket in buckets]
    named = layout.BETWEEN_ITEMS.join(sources).encode()
    table_at = layout.HEADER_SIZE + len(named)
    body_at = table_at + layout.ROW_SIZE * (len(buckets) + 1)
    note_at = body_at + sum(map(len, chunks))
    told = json.dumps({**note, "counts": count(rows)}, sort_keys=True, ensure_ascii=True).encode()
    rest = named + _table(chunks, body_at) + b"".join(chunks) + told
    numbers = (layout.HEADER_SIZE + len(rest), len(rows), names, len(buckets), table_at, body_at, note_at, table_at)
    return _header(numbers, named, rest) + rest


def count(rows):
    """Return how many advisories there are of each scope, and how many only warn."""
    counts = {scope: sum(entry.scope == scope for entry in rows) for scope in advisory.SCOPES}
    counts["warn"] = sum(entry.verdict == "warn" for entry in rows)
    return counts


def write(data, path):
    """Put a database in place: the file is whole and new, or what it was. Raises AdvisoryError."""
    path = os.path.realpath(path)
    if os.path.lexists(path) and not os.path.isfile(path):
        raise errors.AdvisoryError(f"{path!r}: not a regular file, so nothing is written over it")
    folder = os.path.dirname(path)
    try:
        os.makedirs(folder, exist_ok=True)
        descriptor, temporary = tempfile.mkstemp(prefix=".advisories-", dir=folder)
    except OSError as error:
        raise errors.AdvisoryError(f"{path!r}: can't be written: {error.strerror}; the old file is kept") from error
    try:
        _fill(descriptor, data)
        mapped.open(temporary).verify()
        os.replace(temporary, path)
    except OSError as error:
        raise errors.AdvisoryError(f"{path!r}: can't be written: {error.strerror}; the old file is kept") from error
    finally:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(temporary)
    _settle(folder)


def _fill(descriptor, data):
    with open(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fchmod(descriptor, 0o644)
        os.fsync(descriptor)


def _settle(folder):
    """Make the new name last; some file systems can't, and the file is in place all the same."""
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _row(entry, sources):
    texts = (entry.name, entry.source, *entry.ids, *entry.versions, *entry.ranges)
    if not entry.ids or not all(text and text.isprintable() for text in texts):
        raise errors.AdvisoryError(f"can't be stored: {entry!r}")
    fields = (
        entry.name,
        str(advisory.SCOPES.index(entry.scope)),
        str(advisory.VERDICTS.index(entry.verdict)),
        str(sources.index(entry.source)),
        layout.BETWEEN_ITEMS.join(entry.ids),
        layout.BETWEEN_ITEMS.join(entry.versions),
        layout.BETWEEN_ITEMS.join(entry.ranges),
    )
    return layout.BETWEEN_FIELDS.join(fields)


def _table(chunks, offset):
    rows = []
    for chunk in chunks:
        rows.append(_number(offset) + _number(layout.check(chunk)))
        offset += len(chunk)
    return b"".join(rows) + _number(offset) + _number(0)


def _header(numbers, named, rest):
    if numbers[0] > LARGEST_FILE:
        raise errors.AdvisoryError(f"the database would have {numbers[0]} bytes, more than {LARGEST_FILE}")
    if len(named) > layout.LARGEST_HEADER - layout.HEADER_SIZE:
        raise errors.AdvisoryError("the names of the sources are too long to be stored")
    start = layout.MAGIC + b"".join(map(_number, numbers))
    fixed = start + hashlib.sha256(start + rest).digest()
    return fixed + _number(layout.check(fixed + named))


def _number(value):
    return value.to_bytes(4, "little")
