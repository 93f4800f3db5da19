"""What an audit can find, by code."""

from dataclasses import dataclass

MALICIOUS = "IG401"
STARTUP = "IG402"
DIFFERS = "IG403"
MISSING = "IG404"
UNOWNED = "IG405"
SHARED = "IG406"
SOURCELESS = "IG407"
UNCHECKED = "IG408"
BYTECODE = "IG409"
SHADOWED = "IG410"
NOT_SOURCE = "IG411"
RECORD = "IG412"
METADATA = "IG413"
UNREADABLE = "IG414"


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """Something at `path` that should not be so; `owner` is a PEP 503 name or "", `reason` one line."""

    code: str
    path: str
    owner: str
    reason: str
