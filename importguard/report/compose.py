"""Composes the records that the launcher itself writes."""

from importguard.report.sink import new_id, now


def record(event, **fields):
    """Return a record of this process, with its id and its time."""
    return {"v": 1, "id": new_id(), "time": now(), "event": event, **fields}
