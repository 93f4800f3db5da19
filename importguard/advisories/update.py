"""Makes a database of OSV records, and puts it where the guard finds it."""

import datetime

from importguard import errors
from importguard.advisories import compile, documents, osv


def update(sources, target, *, reading=None):
    """Replace the database at `target` by what is in the sources; raises AdvisoryError and keeps the old one.

    The new database holds these sources and nothing else, so that a record which left a feed leaves the database; what
    ships with importguard is asked beside it in any case. Returns the number of bytes.
    """
    reading = reading or osv.read(sources)
    if not any(entry.scope != "withdrawn" for entry in reading.advisories):
        raise errors.AdvisoryError(
            f"{_named(sources)}: no record of a malicious PyPI package in it; nothing was written"
        )
    data = compile.pack(reading.advisories, {"built": _now(), "sources": [_origin(source) for source in sources]})
    compile.write(data, target)
    return len(data)


def refuse_partial(reading):
    """Raise AdvisoryError when something in the sources couldn't be read."""
    refused = reading.refused
    if len(refused) == 1:
        raise errors.AdvisoryError(f"{refused[0].where!r}: {refused[0].reason}; nothing was written")
    if refused:
        text = f"{len(refused)} of {reading.records} records and files can't be read; nothing was written"
        raise errors.AdvisoryError(f"{text} (--skip-unreadable takes the rest)")


def _origin(source):
    return {
        "code": documents.label(source),
        "what": "OSV records",
        "home": documents.shown_source(source),
        "licence": "",
    }


def _named(sources):
    return ", ".join(repr(documents.shown_source(source)) for source in sources)


def _now():
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
