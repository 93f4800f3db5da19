"""How an advisory file is laid out, and how its parts are read and checked.

    header   magic, length, counts, offsets, SHA-256 of all that follows, a check of itself; then the names of sources
    table    one row a bucket: offset of its entries and a check of them, 4 bytes each, and one row more for the end
    entries  text, bucket by bucket; the ASCII separators 0x1d, 0x1e, 0x1f stand between entries, fields and items
    note     JSON about where it all comes from, read by `importguard advisories info` alone

Numbers are little-endian. A check is the remainder by a prime, which differs after any single flipped bit.
"""

from importguard import errors, model
from importguard.pinned import int, len, str, tuple

MAGIC = b"IGADVIS\x01"
NUMBERS = ("total", "entries", "names", "buckets", "table", "body", "note", "sources_end")
DIGEST_AT = len(MAGIC) + 4 * len(NUMBERS)
CHECK_AT = DIGEST_AT + 32
HEADER_SIZE = CHECK_AT + 4
ROW_SIZE = 8
LARGEST_HEADER = 1 << 20
PRIME = 1073741789  # below 2**30: one digit of CPython's int, which divides by such a one in a third of the time
BETWEEN_ENTRIES, BETWEEN_FIELDS, BETWEEN_ITEMS = "\x1d", "\x1e", "\x1f"


class Header(model.Value):
    """The numbers of an advisory file, its digest (bytes) and the names of its sources (tuple of str)."""

    __slots__ = (*NUMBERS, "digest", "sources")


def read_header(read, size, path):
    """Return the Header that `read(offset, length)` finds in a file of `size` bytes, or raise AdvisoryError."""
    fixed = read(0, HEADER_SIZE)
    _refuse_foreign(fixed, path)
    numbers = [number_at(fixed, len(MAGIC) + 4 * index) for index in (0, 1, 2, 3, 4, 5, 6, 7)]
    _refuse_other_size(numbers[0], size, path)
    sources = read(HEADER_SIZE, max(0, min(numbers[7], LARGEST_HEADER) - HEADER_SIZE))
    header = Header(*numbers, fixed[DIGEST_AT:CHECK_AT], items(str(sources, "utf-8", "replace")))
    if check(fixed[:CHECK_AT] + sources) != number_at(fixed, CHECK_AT) or not header.buckets:
        raise errors.AdvisoryError(f"{path!r}: offset {CHECK_AT}: the header doesn't match its check")
    return header


def read_bucket(read, header, path, name):
    """Return the text of the bucket in which a canonical name would be, after comparing it with its check."""
    row_at = header.table + ROW_SIZE * bucket_of(name, header.buckets)
    rows = read(row_at, 2 * ROW_SIZE)
    start, end = number_at(rows, 0), number_at(rows, ROW_SIZE)
    entries = read(start, end - start) if header.body <= start <= end <= header.note else b""
    if len(rows) < 2 * ROW_SIZE or check(entries) != number_at(rows, 4):
        raise errors.AdvisoryError(f"{path!r}: offset {row_at}: a bucket doesn't match its check; the file is damaged")
    return str(entries, "utf-8", "replace")


def bucket_of(name, buckets):
    """Return the number of the bucket for a canonical name."""
    return check(name.encode("utf-8", "surrogatepass")) % buckets


def check(data):
    """Return a number of 32 bits that tells whether bytes are still what they were."""
    return int.from_bytes(data + b"\x01", "little") % PRIME


def number_at(data, offset):
    """Return the 32-bit number at an offset."""
    return int.from_bytes(data[offset : offset + 4], "little")


def items(text):
    """Return the items of a field as a tuple."""
    return tuple(text.split(BETWEEN_ITEMS)) if text else ()


def _refuse_foreign(fixed, path):
    if fixed[: len(MAGIC)] != MAGIC[: len(fixed)]:
        raise errors.AdvisoryError(f"{path!r}: offset 0: not an advisory database of this version of importguard")
    if len(fixed) < HEADER_SIZE:
        raise errors.AdvisoryError(f"{path!r}: offset {len(fixed)}: truncated within the header")


def _refuse_other_size(total, size, path):
    if size < total:
        raise errors.AdvisoryError(f"{path!r}: offset {size}: truncated, {total - size} of {total} bytes are missing")
    if size > total:
        raise errors.AdvisoryError(f"{path!r}: offset {total}: {size - total} bytes too many")
