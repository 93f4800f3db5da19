"""Runs the tests in which somebody attacks the guard itself or goes around it, and has pytest say which are open by name."""

import os
import re
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

PROJECT = Path(__file__).resolve().parents[2]
OPEN = "pytest.xfail"
PAGE = re.compile(r"docs/explanation/(limits[\w-]*\.md)#([\w-]+)")
PLUGIN = "choosing"
SECONDS = 1200


class Unfit(Exception):
    """A run of pytest that says nothing of the guard."""


def run(folder, *, only=()):
    """Run them on every CPython that is here; return {"stopped": number, "broken": [names], "open": [a mapping each]}."""
    written = folder / "challenges.xml"
    command = [sys.executable, "-m", "pytest", "-q", "-p", PLUGIN, "-n", "auto", "--pythons", "all"]
    command += [f"--basetemp={folder / 't'}", f"--junit-xml={written}", "-o", "junit_family=xunit1", *(only or ("tests",))]
    variables = {**os.environ, "PYTHONPATH": str(Path(__file__).parent)}
    done = bounded(command, cwd=PROJECT, env=variables)
    if not written.exists():
        raise Unfit(done.stdout[-2000:] + done.stderr[-2000:])
    return outcomes(ElementTree.parse(written))


def bounded(command, **how):
    """Run a command to its end, or raise Unfit where that takes longer than it ever should."""
    try:
        return subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, **how)
    except subprocess.TimeoutExpired as error:
        raise Unfit(f"{' '.join(map(str, command))} took longer than {SECONDS} s") from error


def outcomes(tree):
    """Return what a JUnit XML of pytest's says, sorted; what was skipped is left out."""
    found = {"stopped": 0, "broken": [], "open": []}
    for case in tree.iter("testcase"):
        name = f"{case.get('file')}::{case.get('name')}"
        skipped = case.find("skipped")
        if case.find("failure") is not None or case.find("error") is not None:
            found["broken"].append(name)
        elif skipped is None:
            found["stopped"] += 1
        elif skipped.get("type") == OPEN:
            found["open"].append({"test": name, **_told(skipped.get("message", ""))})
    return {**found, "broken": sorted(found["broken"]), "open": sorted(found["open"], key=lambda miss: miss["test"])}


def _told(reason):
    return {"reason": reason, **limit(reason)}


def limit(reason):
    """Return the section of the limits that a reason names, and its page."""
    found = PAGE.search(reason)
    return {"page": found[1], "section": found[2]} if found else {"page": "", "section": ""}
