"""What a lock says: of each version of a distribution, which files it had and what it was seen to need."""

import typing

from importguard.model import PHASES
from importguard.policy.grants import Grant

VERSION = 1
DISTRIBUTION, STARTUP, UNOWNED = KINDS = ("distribution", "startup", "unowned")


class Entry(typing.NamedTuple):
    """One table of a lock.

    `kind` is "distribution", "startup" (a start-up file of no distribution, by its file name) or "unowned" (all code
    that belongs to nobody); the last two have no version. `digests` are those of RECORD as `digest.of_record` gives
    them, of a start-up file those of its content. `startup_files` are (file name, digest of its content). `deputies`
    are the capabilities for which it acted for its caller, with a target where that was inferred. `grants` and `refused`
    always name their phase.
    """

    name: str
    version: str = ""
    kind: str = DISTRIBUTION
    digests: tuple[str, ...] = ()
    startup_files: tuple[tuple[str, str], ...] = ()
    deputies: tuple[str, ...] = ()
    grants: tuple[Grant, ...] = ()
    refused: tuple[Grant, ...] = ()

    @property
    def key(self):
        """What an entry is sorted and found by."""
        return KINDS.index(self.kind), self.name, self.version

    @property
    def title(self):
        """The entry as people call it."""
        return f"{self.name} {self.version}".rstrip()


class Lock(typing.NamedTuple):
    """A whole lock; `path` is where it was read from, "" for one that was made."""

    entries: tuple[Entry, ...] = ()
    path: str = ""

    def __eq__(self, other):
        """Say whether another lock says the same, wherever it was read from."""
        return isinstance(other, Lock) and self.entries == other.entries

    def __ne__(self, other):
        return not self == other

    def __hash__(self):
        return hash(self.entries)

    def versions_of(self, name, kind=DISTRIBUTION):
        """Return the entries of a name, one for each version."""
        return tuple(entry for entry in self.entries if entry.name == name and entry.kind == kind)


EMPTY = Lock()


def lock(entries, path=""):
    """Return the Lock of entries in any order, each put in order; raises ValueError where two have one key."""
    found = {}
    for entry in entries:
        if found.setdefault(entry.key, entry) is not entry:
            raise ValueError(f"{entry.title} is there twice")
    return Lock(tuple(ordered(found[key]) for key in sorted(found)), path)


def ordered(entry):
    """Return an entry with everything in it sorted and once; what is granted counts as refused no more."""
    given = set(entry.grants)
    return entry._replace(
        digests=tuple(sorted(set(entry.digests))),
        startup_files=tuple(sorted(set(entry.startup_files))),
        deputies=tuple(sorted(set(entry.deputies))),
        grants=_sorted(given),
        refused=_sorted(set(entry.refused) - given),
    )


def text(grant):
    """Return a grant without its phase, as a line of a lock or a policy says it."""
    return f"{grant.capability}:{grant.target}" if grant.target else grant.capability


def _sorted(found):
    return tuple(sorted(found, key=lambda grant: (PHASES.index(grant.phase), grant.capability, grant.target)))
