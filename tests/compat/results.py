"""Has every top-level module of an environment imported in a process of its own, and says what the guard made of it."""

from dataclasses import dataclass

import toplevel
from comparing import Finding, compare


@dataclass(frozen=True, slots=True)
class Row:
    """One distribution: its version, the environment it went into, and a Finding for each of its modules."""

    name: str
    version: str
    place: str
    findings: tuple[Finding, ...]


def try_all(environment, names, *, jobs=2):
    """Import everything of one environment, {name: version}, bare and guarded; returns a Row for each distribution."""
    modules = {name: toplevel.modules_of(environment, name) for name in names}
    every = sorted({module for found in modules.values() for module in found})
    findings = {finding.module: finding for finding in compare(environment, every, jobs=jobs)}
    place = environment.path.name
    return [
        Row(name, version, place, tuple(findings[module] for module in modules[name]))
        for name, version in names.items()
    ]


def false_alarms(rows):
    """Return [(distribution, module, alarm)] of all rows."""
    return [(row.name, finding.module, alarm) for row in rows for finding in row.findings for alarm in finding.alarms]
