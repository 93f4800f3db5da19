"""Runs a suite in one mode, and reads what became of each test, what was refused, and what it cost."""

import json
import os
import re
import resource
import shutil
import subprocess
import time
import xml.etree.ElementTree as xml
from dataclasses import asdict, dataclass, field
from pathlib import Path

GUARD = ("-p", "importguard")
MODES = {
    "bare": ("-p", "no:importguard"),
    "observe": (*GUARD, "--importguard-observe"),
    "learn": (*GUARD, "--importguard-learn"),
    "enforce": (*GUARD, "--importguard"),
}
LOCK = "importguard.lock"
END = "end"
OUTCOMES = ("error", "failure", "skipped")  # the first of them that a test has
SECONDS = 1500
PLUGIN = Path(__file__).with_name("plugin")


@dataclass
class Run:
    """One run: its exit status, {test: outcome}, the refusals that it told of, seconds of CPU and of the clock, in all and by
    part: {its name: [seconds of CPU, of the clock]}."""

    mode: str
    status: int
    outcomes: dict = field(repr=False)
    refused: list
    cpu: float
    clock: float
    parts: dict = field(repr=False)
    tail: str = field(repr=False)

    as_dict = asdict


def run(suite, mode, environment, project, work):
    """Run a Suite in a mode and return the Run; `learn` leaves its lock in the folder `work`, `enforce` takes it."""
    home = work / "home"
    home.mkdir(parents=True, exist_ok=True)
    report = work / f"{mode}.xml"
    report.unlink(missing_ok=True)
    _place_lock(project, work, mode)
    words = ["-q", "-p", "no:cacheprovider", "-p", "part_times", *MODES[mode], f"--junit-xml={report}", *suite.arguments]
    ends = work / f"{mode}.json"
    ends.unlink(missing_ok=True)
    variables = {
        "PATH": f"{environment.path}/bin:{os.defpath}", "HOME": str(home), "LANG": "C.UTF-8", "COLUMNS": "4000", "NO_COLOR": "1",
        "TMPDIR": str(work / "tmp"), "PYTHONDONTWRITEBYTECODE": "1", "PYTHONPATH": str(PLUGIN), "PART_TIMES": str(ends),
    }  # fmt: skip
    shutil.rmtree(work / "tmp", ignore_errors=True)
    (work / "tmp").mkdir()
    status, output, began, took = _timed([str(environment.python), "-m", "pytest", *words], project, variables, work / f"{mode}.txt")
    if mode == "learn" and (project / LOCK).exists():
        shutil.copy(project / LOCK, work / LOCK)
    refused = sorted(set(re.findall(r"^importguard (IG\d+: .*)", output, re.MULTILINE)))
    return Run(mode, status, outcomes(report), refused, *(round(each, 2) for each in took), parts(ends, began, took), output[-1500:])


def _place_lock(project, work, mode):
    (project / LOCK).unlink(missing_ok=True)
    if mode == "enforce":
        shutil.copy(work / LOCK, project / LOCK)


def _timed(command, folder, variables, file):
    """Return (exit status, output, when it began, (seconds of CPU with all children, seconds of the clock))."""
    before, began = _used_by_children(), time.monotonic()
    with file.open("w") as output:
        process = subprocess.Popen(command, cwd=folder, env=variables, stdin=subprocess.DEVNULL, stdout=output, stderr=output)
        try:
            status = process.wait(SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            status = process.wait()
    return status, file.read_text(errors="replace"), began, (_used_by_children() - before, time.monotonic() - began)


def _used_by_children():
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def parts(ends, began, took):
    """Return {part: [seconds of CPU, of the clock]} of what the plugin wrote about a run, all of which `took` them; {} without it.

    A test that was run more than once is one part.
    """
    if not ends.exists():
        return {}
    found, before = {}, (0, began)
    for part, *now in [*json.loads(ends.read_text()), [END, took[0], began + took[1]]]:
        times = found.setdefault(part, [0, 0])
        found[part] = [round(time + new - old, 6) for time, new, old in zip(times, now, before, strict=True)]
        before = now
    return found


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
