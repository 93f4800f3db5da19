"""Writes what the README quotes of the evidence, between two marks; nothing else in there may claim a number."""

import re
from pathlib import Path

import alarms
import evidence_page
from reenacting import OWN, PLAIN

README = Path(__file__).resolve().parents[2] / "README.md"
BEGIN, END = "<!-- evidence: made by `make evidence` -->", "<!-- end of evidence -->"
MARKED = re.compile(f"{re.escape(BEGIN)}\n(.*?){re.escape(END)}", re.DOTALL)


def renew(known, path=README):
    """Write the quotation into the README."""
    path.write_text(MARKED.sub(lambda _: f"{BEGIN}\n{quotation(known)}{END}", path.read_text()))


def quoted(text):
    """Return (what stands between the marks, everything else)."""
    return MARKED.search(text)[1], MARKED.sub("", text)


def quotation(known):
    """Return the lines that the README has."""
    return "\n".join([*_caught(known["attacks"]), *_alarms(known["alarms"]), *_costs(known["costs"]), *_missed(known), ""])


def _caught(known):
    rungs = list(next(iter(known["stopped"].values())))
    counts = [f"{rung}: {_range(known, rung, PLAIN)} ({_range(known, rung, OWN)} with {OWN})" for rung in rungs]
    about = known["provenance"]
    return [
        f"- **Caught**, of {len(known['attacks'])} re-enacted attacks, by the preset `{PLAIN}`: {'; '.join(counts)}.",
        f"  CPython {', '.join(known['pythons'].values())}, {about['date']}.",
    ]


def _range(known, rung, policy):
    counts = sorted({rungs[rung][policy] for rungs in known["stopped"].values()})
    return "–".join(map(str, counts if len(counts) < 3 else (counts[0], counts[-1])))


def _alarms(known):
    compat, strict, used, cpython, suites = (known[name] for name in alarms.NAMES)
    return [
        f"- **False alarms**: {compat['alarms']} in importing {compat['modules']} modules of {compat['distributions']} popular distributions, "
        f"{strict['alarms']} under `strict`, {used['alarms']} in {used['uses']} uses of them;",
        f"  {suites['alarms']} of {suites['tests']} tests of {suites['suites']} well-known projects and {cpython['alarms']} of {cpython['tests']} of "
        "CPython's own end otherwise.",
    ]


def _costs(known):
    shown = [f"{name} {_ratio(known['ratios'][name])}" for name in ("start", "numpy", "pandas", "django") if name in known["ratios"]]
    return [f"- **Cost** in CPU time, guarded / bare: {', '.join(shown)}."]


def _ratio(ratio):
    return f"{ratio['median']:.2f} [{ratio['lower']:.2f}, {ratio['upper']:.2f}]"


def _missed(known):
    attacks = sorted({miss["attack"] for miss in known["attacks"]["missed"]})
    return [
        f"- **Missed**: {len(attacks)} attacks somewhere, and {len(evidence_page.ways_in(known['challenges']))} ways to attack the guard or go around it, "
        "[each by name](docs/evidence.md)."
    ]
