"""What each distribution newly reaches for between two locks."""

import dataclasses

from importguard.policy import covering, grants
from importguard.policy.grants import Grant
from importguard.review import severity

NEW, WIDENED, GONE = ("new", "widened", "gone")


@dataclasses.dataclass(frozen=True, slots=True)
class Change:
    """One thing that a distribution may do now and could not before, or the other way round.

    `what` is "grant", "refused" (it tried, and the policy said no), "deputy" (it acts for its callers in it) or
    "startup-file". `was` are the grants that a widened one takes in.
    """

    kind: str
    what: str
    grant: Grant
    severity: str
    was: tuple[Grant, ...] = ()


@dataclasses.dataclass(frozen=True, slots=True)
class Reach:
    """The changes of one distribution, the worst first; no versions where it wasn't or isn't there.

    `other_files` are versions that both locks have with different digests.
    """

    name: str
    kind: str
    before: tuple[str, ...]
    after: tuple[str, ...]
    changes: tuple[Change, ...]
    other_files: tuple[str, ...] = ()

    @property
    def new(self):
        """The changes that give it more than it had."""
        return tuple(change for change in self.changes if change.kind != GONE)


@dataclasses.dataclass(frozen=True, slots=True)
class Difference:
    """What differs between two locks, distribution by distribution, those with the worst changes first."""

    reaches: tuple[Reach, ...]

    @property
    def has_new(self):
        """Whether anybody reaches for more than before."""
        return any(reach.new for reach in self.reaches)


def compare(old, new):
    """Return the Difference of two Locks."""
    older, newer = _by_name(old), _by_name(new)
    names = sorted(older.keys() | newer.keys())
    reaches = [_reach(kind, name, older.get((kind, name), ()), newer.get((kind, name), ())) for kind, name in names]
    found = [reach for reach in reaches if reach.changes or reach.other_files or reach.before != reach.after]
    return Difference(tuple(sorted(found, key=_order_of_reach)))


def _by_name(lock):
    """Return {(kind, name): entries} of a Lock."""
    found = {}
    for entry in lock.entries:
        found.setdefault((entry.kind, entry.name), []).append(entry)
    return found


def _reach(kind, name, before, after):
    older, newer = (tuple(entry.version for entry in entries) for entries in (before, after))
    return Reach(name, kind, older, newer, tuple(_changes(before, after)), _other_files(before, after))


def _changes(before, after):
    """Return the changes between the entries of one name; what any of its versions had, it had."""
    found = _of_grants("grant", _all("grants", before), _all("grants", after))
    # What was granted before is nothing new where it is refused now: the policy has become stricter, not the code.
    known = (*_all("refused", before), *_all("grants", before))
    found += [change for change in _of_grants("refused", known, _all("refused", after)) if change.kind != GONE]
    deputies = [[grants.parse(text) for text in _all("deputies", each)] for each in (before, after)]
    found += [_change(kind, "deputy", grant) for kind, grant in _added_and_gone(*deputies)]
    found += _of_startup_files(*(_all("startup_files", each) for each in (before, after)))
    return sorted(found, key=_order)


def _all(field, entries):
    return tuple(dict.fromkeys(value for entry in entries for value in getattr(entry, field)))


def _of_grants(what, before, after):
    """Return the changes between grants: what an older one covers is not new, what covers an older one is widened."""
    added = _uncovered(after, before)
    was = _covered(added, before)
    taken = {other for others in was.values() for other in others}
    found = [_change(WIDENED if grant in was else NEW, what, grant, was.get(grant, ())) for grant in added]
    return found + [_change(GONE, what, grant) for grant in _uncovered(before, after) if grant not in taken]


def _uncovered(given, others):
    """Return the grants that are none of the others, nor covered by one; a lock may have thousands of either."""
    same, wide = set(others), covering.Index(others)
    return [grant for grant in given if grant not in same and not wide.covers(grant)]


def _covered(wide, narrow):
    """Return {grant: those that it takes in} for the wide ones that take in any."""
    index, found = covering.Index(wide), {}
    for other in narrow:
        for grant in index.covering(other):
            found.setdefault(grant, []).append(other)
    return {grant: tuple(others) for grant, others in found.items()}


def _change(kind, what, grant, was=()):
    if kind == GONE:
        return Change(kind, what, grant, severity.LOW, was)
    if what == "deputy":
        return Change(kind, what, grant, severity.DEPUTY, was)
    return Change(kind, what, grant, severity.of(grant, is_refused=what == "refused"), was)


def _added_and_gone(before, after):
    yield from ((NEW, value) for value in after if value not in before)
    yield from ((GONE, value) for value in before if value not in after)


def _of_startup_files(before, after):
    """Return the changes of start-up files; one with another content counts as new."""
    names = dict(after)
    found = []
    for kind, (name, _) in _added_and_gone(before, after):
        if kind == NEW or name not in names:
            level = severity.STARTUP_FILE if kind == NEW else severity.LOW
            found.append(Change(kind, "startup-file", Grant("startup", "code.run", name), level))
    return found


def _other_files(before, after):
    known = {entry.version: set(entry.digests) for entry in before if entry.digests}
    return tuple(
        entry.version for entry in after if entry.version in known and set(entry.digests) - known[entry.version]
    )


def _order(change):
    worst = -severity.LEVELS.index(change.severity)
    return change.kind == GONE, worst, change.what != "refused", change.grant.phase, change.grant.capability, change.grant.target


def _order_of_reach(reach):
    worst = max((severity.LEVELS.index(change.severity) for change in reach.new), default=-1)
    return -worst, reach.kind, reach.name
