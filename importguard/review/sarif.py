"""A difference as SARIF 2.1.0, which code scanning shows beside the lines of the lock."""

import hashlib
import json
import urllib.parse

from importguard.review import severity, words
from importguard.review.places import Places
from importguard.review.shown import plain

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
LEVELS = {severity.CRITICAL: "error", severity.HIGH: "error", severity.MEDIUM: "warning", severity.LOW: "note"}
# GitHub sorts by these numbers.
RANKS = {severity.CRITICAL: 95.0, severity.HIGH: 80.0, severity.MEDIUM: 50.0, severity.LOW: 20.0}


def text(difference, *, path, content, version):
    """Return the new and widened of a difference as SARIF; `path` and `content` are those of the newer lock."""
    places = Places(content)
    uri = urllib.parse.quote(path.removeprefix("./"))
    results = [_result(reach, change, places, uri) for reach in difference.reaches for change in reach.new]
    rules = [_rule(name) for name in sorted({result["ruleId"] for result in results})]
    driver = {"name": "importguard", "version": version, "rules": rules}
    run = {"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": results}
    return json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2).replace("\x7f", "\\u007f")


def _rule(capability):
    return {
        "id": capability,
        "shortDescription": {"text": f"A distribution newly reaches for {capability}."},
        "help": {"text": f"`importguard explain {capability} TARGET --package NAME` says which rule decides on it."},
    }


def _result(reach, change, places, uri):
    region = {"startLine": places.line(reach, change)}
    return {
        "ruleId": change.grant.capability,
        "level": LEVELS[change.severity],
        "rank": RANKS[change.severity],
        "message": {"text": _message(reach, change)},
        "locations": [{"physicalLocation": {"artifactLocation": {"uri": uri}, "region": region}}],
        "partialFingerprints": {"grant/v1": _fingerprint(reach, change)},
    }


def _message(reach, change):
    when = words.WHEN[change.grant.phase]
    asked = f"{change.grant.capability} {words.target(change)}".rstrip()
    return plain(f"{words.name(reach)} {words.versions(reach)}: {words.verb(change)} {when}: {asked}")


def _fingerprint(reach, change):
    grant = change.grant
    parts = (reach.kind, reach.name, change.what, grant.phase, grant.capability, grant.target)
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()
