"""Has everything of an environment imported, and writes down what was, and what the guard made of it."""

import datetime
import platform
from dataclasses import dataclass

import toplevel
from comparing import Finding, compare
from support.interpreters import Interpreter


@dataclass(frozen=True, slots=True)
class Row:
    """One distribution: its version, the environment it went into, and a Finding for each of its modules."""

    name: str
    version: str
    place: str
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class Results:
    """A whole run; `refused` holds the names that couldn't be installed, with pip's reason."""

    interpreter: Interpreter
    rows: list[Row]
    refused: dict[str, str]
    seconds: float


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


def summary(results):
    """Return the outcome in a few lines of plain text."""
    findings = [finding for row in results.rows for finding in row.findings]
    broken = [finding for finding in findings if finding.error]
    alarms = false_alarms(results.rows)
    lines = [
        f"{len(results.rows)} distributions, {len(findings)} modules on CPython {results.interpreter.version} "
        f"in {results.seconds:.0f} s: {len(findings) - len(broken)} import, {len(broken)} fail with and without "
        f"the guard, {len(alarms)} false alarms",
        *[f"false alarm  {name} {module}: {alarm}" for name, module, alarm in alarms],
        *[f"fails bare   {finding.module}: {finding.error}" for finding in broken],
        *[f"no wheel     {name}: {reason}" for name, reason in results.refused.items()],
    ]
    return "\n".join(lines)


def page(results):
    """Return the outcome as a Markdown page."""
    places = len({row.place for row in results.rows})
    today = datetime.date.today().isoformat()
    modules = sum(len(row.findings) for row in results.rows)
    alarms = false_alarms(results.rows)
    return "\n".join(
        [
            "# Popular distributions under the guard",
            "",
            f"The first {len(results.rows)} names of the list of most downloaded distributions that install from a "
            f"wheel, in {places} environments; every top-level module ({modules}) imported in a fresh process, bare, "
            "under `observe` and under `recommended`. A false alarm is a module that imports without the guard only, "
            "or any decision recorded on the way, in either mode.",
            "",
            f"- {len(alarms)} false alarms",
            f"- CPython {results.interpreter.version}, {platform.system()} {platform.machine()}, {today}, "
            f"{results.seconds:.0f} seconds",
            f"- made by `python tests/compat --first {len(results.rows)}` (`make compat`)",
            "",
            "| distribution | version | environment | modules imported | outcome |",
            "|---|---|---|---|---|",
            *[_line(row) for row in results.rows],
            "",
            *_listed("Without a wheel, so not tried", results.refused),
            *_listed("Not importable, with and without the guard", _broken(results.rows)),
        ]
    )


def _line(row):
    imported = ", ".join(f"`{finding.module}`" for finding in row.findings if not finding.error) or "none"
    alarms = [alarm for finding in row.findings for alarm in finding.alarms]
    outcome = "; ".join(alarms).replace("|", "\\|") if alarms else "same"
    return f"| {row.name} | {row.version} | {row.place} | {imported} | {outcome} |"


def _broken(rows):
    return {finding.module: finding.error for row in rows for finding in row.findings if finding.error}


def _listed(title, reasons):
    if not reasons:
        return []
    return [f"## {title}", "", *[f"- {name}: {reason}" for name, reason in reasons.items()], ""]
