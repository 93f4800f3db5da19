"""Runs a suite in one mode, and reads what became of each test, what was refused, and what it cost."""

import os
import re
import shutil
import subprocess
import time
import xml.etree.ElementTree as xml
from dataclasses import asdict, dataclass, field

GUARD = ("-p", "importguard")
MODES = {
    "bare": ("-p", "no:importguard"),
    "observe": (*GUARD, "--importguard-observe"),
    "learn": (*GUARD, "--importguard-learn"),
    "enforce": (*GUARD, "--importguard"),
}
LOCK = "importguard.lock"
OUTCOMES = ("error", "failure", "skipped")  # the first of them that a test has
SECONDS = 1500


@dataclass
class Run:
    """One run: its exit status, {test: outcome}, the refusals that it told of, seconds of CPU and of the clock."""

    mode: str
    status: int
    outcomes: dict = field(repr=False)
    refused: list
    cpu: float
    wall: float
    tail: str = field(repr=False)

    as_dict = asdict


def run(suite, mode, environment, project, work):
    """Run a Suite in a mode and return the Run; `learn` leaves its lock in the folder `work`, `enforce` takes it."""
    home = work / "home"
    home.mkdir(parents=True, exist_ok=True)
    report = work / f"{mode}.xml"
    report.unlink(missing_ok=True)
    _place_lock(project, work, mode)
    command = [environment.python, "-m", "pytest", "-q", "-p", "no:cacheprovider", *MODES[mode], f"--junit-xml={report}", *suite.arguments]
    variables = {
        "PATH": f"{environment.path}/bin:{os.defpath}", "HOME": str(home), "LANG": "C.UTF-8", "COLUMNS": "4000", "NO_COLOR": "1",
        "TMPDIR": str(work / "tmp"), "PYTHONDONTWRITEBYTECODE": "1",
    }  # fmt: skip
    shutil.rmtree(work / "tmp", ignore_errors=True)
    (work / "tmp").mkdir()
    status, output, cpu, wall = _timed(list(map(str, command)), project, variables, work / f"{mode}.txt")
    if mode == "learn" and (project / LOCK).exists():
        shutil.copy(project / LOCK, work / LOCK)
    refused = sorted(set(re.findall(r"^importguard (IG\d+: .*)", output, re.MULTILINE)))
    return Run(mode, status, outcomes(report), refused, cpu, wall, output[-1500:])


def _place_lock(project, work, mode):
    (project / LOCK).unlink(missing_ok=True)
    if mode == "enforce":
        shutil.copy(work / LOCK, project / LOCK)


def _timed(command, folder, variables, file):
    """Return (exit status, output, seconds of CPU with all children, seconds)."""
    before, started = os.times(), time.monotonic()
    with file.open("w") as output:
        process = subprocess.Popen(command, cwd=folder, env=variables, stdin=subprocess.DEVNULL, stdout=output, stderr=output)
        try:
            status = process.wait(SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            status = process.wait()
    wall, after = time.monotonic() - started, os.times()
    cpu = after.children_user - before.children_user + after.children_system - before.children_system
    return status, file.read_text(errors="replace"), round(cpu, 2), round(wall, 1)


def outcomes(report):
    """Return {test: outcome} of a report in JUnit's format, {} where there is none."""
    if not report.exists():
        return {}
    found = {}
    for case in xml.parse(report).iter("testcase"):
        name = f"{case.get('classname')}::{case.get('name')}"
        kinds = {child.tag for child in case}
        outcome = next((kind for kind in OUTCOMES if kind in kinds), "passed")
        found[name] = outcome if found.get(name, "passed") == "passed" else found[name]
    return found
