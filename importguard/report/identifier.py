"""Identifiers and times of records that the launcher itself writes."""

import secrets
import time

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford's base 32, as in a ULID


def new_id():
    """Return a ULID: 48 bits of milliseconds, then 80 random ones."""
    number = (time.time_ns() // 1_000_000) << 80 | secrets.randbits(80)
    return "".join(ALPHABET[(number >> shift) & 31] for shift in range(125, -1, -5))


def now():
    """Return the time of a record: UTC with microseconds."""
    seconds, rest = divmod(time.time_ns(), 1_000_000_000)
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds)) + f".{rest // 1000:06d}Z"


def record(event, **fields):
    """Return a record of this process."""
    return {"v": 1, "id": new_id(), "time": now(), "event": event, **fields}
