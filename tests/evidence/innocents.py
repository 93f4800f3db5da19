"""Runs the harmless programs of row 32 (`tests/attacks/test_negative.py`), of which nothing may be refused."""

import sys
from xml.etree import ElementTree

import challenges

FILE = "tests/attacks/test_negative.py"


def run(folder):
    """Run them on every CPython that is here; return {"tried": number, "broken": [names], "lacking": number}."""
    written = folder / "innocents.xml"
    # In one process: each would fetch what the programs need for itself.
    command = [sys.executable, "-m", "pytest", "-q", "--pythons", "all", FILE]
    command += [f"--basetemp={folder / 'i'}", f"--junit-xml={written}", "-o", "junit_family=xunit1"]
    done = challenges.bounded(command, cwd=challenges.PROJECT)
    if not written.exists():
        raise challenges.Unfit(done.stdout[-2000:] + done.stderr[-2000:])
    cases = list(ElementTree.parse(written).iter("testcase"))
    broken = sorted(case.get("name") for case in cases if {"failure", "error"} & {part.tag for part in case})
    lacking = sum(case.find("skipped") is not None for case in cases)
    return {"tried": len(cases) - lacking, "broken": broken, "lacking": lacking}
