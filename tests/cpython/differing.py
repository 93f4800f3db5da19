"""Compares how CPython's tests end bare and guarded, and holds what differs against the list of what is known to."""

import tomllib
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

import suite

KNOWN = Path(__file__).with_name("known.toml")
NOTHING, RECORDED = "nothing", "recorded"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a guarded run took place: the CPython version, the core, the mode and the test file."""

    version: str
    core: str
    mode: str
    file: str


@dataclass(frozen=True, slots=True)
class Difference:
    """A test (or an alarm) of one place that ends otherwise than bare."""

    place: Place
    test: str
    bare: str
    guarded: str


@dataclass(frozen=True, slots=True)
class Known:
    """A difference that can't be mended: `test` is a pattern; empty `pythons`, `cores` or `modes` mean every one."""

    test: str
    reason: str
    pythons: tuple[str, ...] = ()
    cores: tuple[str, ...] = ()
    modes: tuple[str, ...] = ()

    def covers(self, place):
        """Say whether a place is one where this is to be expected."""
        asked = ((self.pythons, place.version), (self.cores, place.core), (self.modes, place.mode))
        is_here = all(not wanted or found in wanted for wanted, found in asked)
        return is_here and fnmatchcase(place.file, self.test.partition(".")[0].partition(":")[0])

    def explains(self, difference):
        """Say whether this is that difference."""
        return self.covers(difference.place) and fnmatchcase(difference.test, self.test)


def known(path=KNOWN):
    """Return the Known differences of a data file, in its order."""
    listed = tomllib.loads(path.read_text()).get("difference", [])
    return [Known(**{name: tuple(value) if type(value) is list else value for name, value in item.items()}) for item in listed]


def differences(place, bare, guarded):
    """Return the Differences between two Runs of a file; one for the whole file where nothing smaller tells them apart."""
    found = []
    if len(guarded.outcomes) > 1:
        tests = sorted((bare.outcomes.keys() | guarded.outcomes.keys()) - {suite.WHOLE})
        pairs = [(test, bare.outcomes.get(test, NOTHING), guarded.outcomes.get(test, NOTHING)) for test in tests]
        found = [Difference(place, *pair) for pair in pairs if pair[1] != pair[2]]
    ends = bare.outcomes[suite.WHOLE], guarded.outcomes[suite.WHOLE]
    if not found and ends[0] != ends[1]:
        found = [Difference(place, f"{place.file}: {suite.WHOLE}", *ends)]
    alarms = [alarm for alarm in guarded.alarms if alarm not in bare.alarms]
    return found + [Difference(place, f"{place.file}: {alarm}", NOTHING, RECORDED) for alarm in alarms]


def repeatable(found):
    """Return the ids of the tests to run once more for these Differences: none means the whole file."""
    tests = [difference.test for difference in found]
    return () if any(":" in test for test in tests) else tuple(tests)


def still_there(first, second):
    """Return (those Differences of `first` that `second` has as well, those that are gone)."""
    seen = {difference.test for difference in second}
    steady = [difference for difference in first if difference.test in seen]
    return steady, [difference for difference in first if difference.test not in seen]


def unexplained(found, listed):
    """Return the Differences that no Known explains."""
    return [difference for difference in found if not any(item.explains(difference) for item in listed)]


def stale(found, listed, places):
    """Return the Known that some of `places` should have shown and none did."""
    return [
        item
        for item in listed
        if any(item.covers(place) for place in places) and not any(item.explains(difference) for difference in found)
    ]
