"""What became of one distribution: its modules, what it reached for, what it was refused; to JSON and back."""

import dataclasses
from dataclasses import dataclass

from importguard.lock import generalise

STDLIB = "$stdlib"
ANY_PROCESS = "*"


@dataclass(frozen=True, slots=True, order=True)
class Reach:
    """One thing that a distribution reached for: when, what, on whose behalf, and the rule that refused it, or ""."""

    phase: str
    capability: str
    target: str
    owner: str
    rule: str = ""


@dataclass(frozen=True, slots=True)
class Result:
    """One distribution: `errors` maps each module to why it can't be imported, "" for those that can.

    `problem` says why the distribution could not be looked at; then there is nothing else.
    """

    name: str
    version: str
    errors: dict[str, str] = dataclasses.field(default_factory=dict)
    programs: int = 0
    reached: tuple[Reach, ...] = ()
    alarms: tuple[str, ...] = ()
    problem: str = ""

    @property
    def refused(self):
        """What was refused, of all that was reached for."""
        return tuple(reach for reach in self.reached if reach.rule)

    @property
    def is_clean(self):
        """Whether nothing is to be said against it."""
        return not (self.refused or self.alarms or self.problem)


def to_plain(result):
    """Return a Result as values that JSON has."""
    return dataclasses.asdict(result)


def from_plain(fields):
    """Return the Result in what `to_plain` made; raises TypeError and KeyError for anything else."""
    reached = tuple(Reach(**reach) for reach in fields["reached"])
    return Result(**{**fields, "reached": reached, "alarms": tuple(fields["alarms"])})


def read_records(records, places):
    """Return (reached, alarms) of a trial's records; `places` maps folders to what they are called."""
    reached, alarms = set(), set()
    for record in records:
        if record["event"] == "decision":
            found = _reach(record, places)
            if record["owner"]["kind"] != "app" and not _is_ordinary(found):
                reached.add(found)
        elif record["event"] not in ("armed", "exit"):
            alarms.add(_plain(f"{record['event']}: {record.get('reason', '')} {record.get('detail', '')}", places).strip())
    return tuple(sorted(reached)), tuple(sorted(alarms))


def _is_ordinary(reach):
    """Say whether this is a part of the standard library that is loaded, as every import has some."""
    return not reach.rule and reach.capability == "native.load" and reach.target.startswith(STDLIB + "/")


def _reach(record, places):
    target = " ".join([record["target"], *(record.get("argv") or ())[1:]])
    if record["capability"] == "proc.signal":
        target = generalise.whom(target) or ANY_PROCESS
    rule = record["rule"] if record["verdict"] in ("deny", "kill") else ""
    return Reach(record["phase"], record["capability"], _plain(target, places), record["owner"]["name"], rule)


def _plain(text, places):
    for folder, called in places.items():
        text = text.replace(folder, called)
    return text
