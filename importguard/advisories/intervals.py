"""Turns the events of an OSV range into intervals of versions."""

from importguard import versions

ALL = "*"
_FIRST = "0"
_KINDS = ("introduced", "fixed", "last_affected", "limit")


def of_events(events):
    """Return the intervals that OSV events mean, as texts like ">=1.0,<2.0", or ALL for every version.

    Events count in the order of their versions. Raises ValueError for events that mean nothing.
    """
    found = []
    opened = None
    ordered = sorted((edge for event in events for edge in _edges(event)), key=lambda edge: edge[0])
    if not any(kind == "introduced" for _, kind, _ in ordered):
        raise ValueError("a range without an 'introduced' event")
    for key, kind, version in ordered:
        if kind == "introduced":
            opened = opened or (key, version)
        elif opened is not None:
            found += _interval(opened, key, version, "<=" if kind == "last_affected" else "<")
            opened = None
    if opened is not None:
        found.append(ALL if opened[1] == _FIRST else f">={opened[1]}")
    return found


def _edges(event):
    """Return the (key, kind, version) that an event holds: one, or in old records several."""
    if not isinstance(event, dict) or not event or not all(isinstance(value, str) for value in event.values()):
        raise ValueError(f"an event that isn't one of {', '.join(_KINDS)}: {_shown(event)}")
    return [_edge(kind, version) for kind, version in event.items()]


def _edge(kind, version):
    """Return (key, kind, version); the key of "0" lies below that of every version."""
    if kind == "introduced" and version == _FIRST:
        return (), kind, version
    if kind == "limit" and version == ALL:
        return (float("inf"),), kind, version
    key = versions.version_key(version)
    if kind not in _KINDS or key is None:
        raise ValueError(f"an event that isn't one of {', '.join(_KINDS)} with a version: {_shown({kind: version})}")
    return key, kind, versions.canonical_version(version)


def _interval(opened, key, version, mark):
    """Return the interval that ends with an event, if there is anything in it."""
    start, low = opened
    if version == ALL:
        return [ALL if low == _FIRST else f">={low}"]
    if start == key and mark == "<":
        return []
    end = f"{mark}{version}"
    return [end if low == _FIRST else f">={low},{end}"]


def _shown(event):
    return ascii(event)[:80]
