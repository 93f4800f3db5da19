"""A difference as JSON, for programs."""

import json

VERSION = 1


def text(difference, *, old, new):
    """Return the difference between two files as JSON; all of it ASCII, whatever names there are."""
    content = {
        "v": VERSION,
        "old": old,
        "new": new,
        "has_new": difference.has_new,
        "distributions": [_reach(reach) for reach in difference.reaches],
    }
    return json.dumps(content, indent=2).replace("\x7f", "\\u007f")


def _reach(reach):
    return {
        "name": reach.name,
        "kind": reach.kind,
        "before": list(reach.before),
        "after": list(reach.after),
        "other_files": list(reach.other_files),
        "changes": [_change(change) for change in reach.changes],
    }


def _change(change):
    return {
        "change": change.kind,
        "what": change.what,
        "severity": change.severity,
        **change.grant._asdict(),
        "was": [was.target for was in change.was],
    }
