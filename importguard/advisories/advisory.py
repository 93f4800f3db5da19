"""What an advisory says, and whether it holds for a version."""

from importguard import model, versions

SCOPES = ("versions", "all", "unknown", "withdrawn")
VERDICTS = ("block", "warn")
_STRENGTH = {"block": 2, "warn": 1}


class Advisory(model.Value):
    """What a source says of a distribution.

    `name` (PEP 503), `ids` (tuple, never empty), `scope` (one of SCOPES), `verdict` (one of VERDICTS), `source` (text),
    `versions` (tuple of canonical versions), `ranges` (tuple of intervals like ">=1.0,<2.0").
    """

    __slots__ = ("name", "ids", "scope", "verdict", "source", "versions", "ranges")


def judge(advisory, version):
    """Return the Advisory as it holds for a version, or None when it doesn't concern it.

    A version that nobody knows ("") is warned of, since it may be the one that is meant.
    """
    if advisory.scope == "withdrawn":
        return None
    if advisory.scope == "unknown":
        return _doubtful(advisory)
    if advisory.scope == "all":
        return advisory
    version = versions.canonical_version(version)
    if not version:
        return _doubtful(advisory)
    if version in advisory.versions:
        return advisory
    if "+" in version:  # as `==` has it, 1.0+local is 1.0 to whoever lists 1.0
        return judge(advisory, versions.public(version))
    return _judge_ranges(advisory, version) if advisory.ranges else None


def strongest(advisories):
    """Return the Advisory with the strongest verdict, the first of equals, or None."""
    best = None
    for advisory in advisories:
        if best is None or _STRENGTH[advisory.verdict] > _STRENGTH[best.verdict]:
            best = advisory
    return best


def is_superseded(old, fresh):
    """Tell whether newer advisories withdrew an older one, or know the versions that it didn't."""
    own = [name for name in old.ids if name.startswith("MAL-")] or old.ids
    known = {name for new in fresh if new.scope == "withdrawn" or old.scope == "unknown" for name in new.ids}
    return known.issuperset(own)


def is_inside(interval, key):
    """Tell whether a version key lies in an interval like ">=1.0,<2.0", in the plain order of versions.

    OSV's order, not that of PEP 440's specifiers: 2.0rc1 lies below 2.0.
    """
    for bound in interval.split(","):
        if bound.startswith(">="):
            if key < versions.version_key(bound[2:]):
                return False
        elif bound.startswith("<="):
            if key > versions.version_key(bound[2:]):
                return False
        elif key >= versions.version_key(bound[1:]):
            return False
    return True


def _judge_ranges(advisory, version):
    key = versions.version_key(version)
    if key is None:
        return _doubtful(advisory)
    for interval in advisory.ranges:
        if is_inside(interval, key):
            return advisory
    return None


def _doubtful(advisory):
    """Return the Advisory as one that doesn't tell which versions it means."""
    name, ids, _, _, source, listed, ranges = advisory.as_tuple()
    return Advisory(name, ids, "unknown", "warn", source, listed, ranges)
