"""Puts two locks together: what either of them has seen."""

from importguard.lock import model

JOINED = ("digests", "startup_files", "deputies", "grants", "refused")


def merge(one, other):
    """Return the Lock with everything that either has; it has the path of the first."""
    found = {entry.key: entry for entry in one.entries}
    for entry in other.entries:
        known = found.get(entry.key)
        found[entry.key] = entry if known is None else join(known, entry)
    return model.lock(found.values(), one.path)


def join(one, other):
    """Return one entry for two of the same distribution and version."""
    both = {name: (*getattr(one, name), *getattr(other, name)) for name in JOINED}
    return model.ordered(one._replace(**both))
