"""Runs one of CPython's own test files bare or guarded, and says how each test in it ended."""

import re
import shutil
import tempfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

from support import envs, guarded, worlds

# The slow ones last.
FILES = (
    "test_site",
    "test_runpy",
    "test_audit",
    "test_posix",
    "test_zipimport",
    "test_importlib",
    "test_threading",
    "test_subprocess",
    "test_asyncio",
    "test_multiprocessing_spawn",
)
ABSENT = Path(__file__).with_name("absent")
STAND_IN = "_stand_in"
SECONDS = 900
WHOLE = "(the file as a whole)"
# What the XML leaves out: a failing subtest, and what fails before or after the tests of a class or a module.
HEADING = re.compile(r"^(FAIL|ERROR): \w+ \(([\w.]+)\)", re.MULTILINE)
HEADINGS = {"FAIL": "failed", "ERROR": "error"}
RESULTS = {"error": "error", "failure": "failed", "output": "expected failure", "skipped": "skipped"}
ALARMS = ("tamper", "degraded", "killed")


class Unfit(Exception):
    """A run that says nothing of the guard: bare without a single test, or guarded by another core or none."""


@dataclass(frozen=True, slots=True)
class Run:
    """How a file went: `outcomes` maps test ids to words, `alarms` is what the guard wrote down and not just logged."""

    outcomes: dict[str, str]
    alarms: tuple[str, ...]
    seconds: float

    def tally(self):
        """Return how many tests ended in which way, the most frequent first: "28 passed, 4 skipped"."""
        counted = Counter(outcome for test, outcome in self.outcomes.items() if test != WHOLE)
        return ", ".join(f"{number} {outcome}" for outcome, number in counted.most_common()) or "nothing said"


def play(name, interpreter, mode, *, core="auto", only=(), seconds=SECONDS):
    """Run the test file `name`, or its tests with the ids `only`, in one of guarded.MODES; returns a Run."""
    # A short path: some tests make sockets, whose names have 107 characters at most.
    root = Path(tempfile.mkdtemp(prefix="c", dir="/tmp"))
    try:
        prefix = envs.Environment(interpreter.path.parents[1], interpreter)
        with worlds.furnished(root, prefix) as world:
            written = world.root / "outcomes.xml"
            command = [interpreter.path, "-m", "test", "-v", "--fail-env-changed", "--timeout", seconds]
            command += ["--junit-xml", written, *_matching(only), *_asked(name, interpreter, world)]
            options = () if mode == guarded.UNGUARDED else ("--core", core)
            outcome = guarded.run(world, command, mode=mode, options=options, seconds=seconds + 20)
            run = Run(_outcomes(written, outcome), _alarms(outcome.records), outcome.seconds)
            _check_fitness(run, mode, core, outcome)
            return run
    finally:
        shutil.rmtree(root, ignore_errors=True)


def _asked(name, interpreter, world):
    """Return the last arguments: the test file, or where the project has the stand-in for one that isn't installed."""
    installed = interpreter.path.parents[1] / "lib" / f"python{interpreter.version}" / "test"
    if (installed / name).exists() or (installed / f"{name}.py").exists():
        return [name]
    # Under another name: what the runner knows as a folder it looks for nowhere but among CPython's own.
    shutil.copy(ABSENT / f"{name.removeprefix('test_')}.py", world.project / f"{name}{STAND_IN}.py")
    return ["--testdir", world.project, name + STAND_IN]


def _matching(only):
    return [option for test in only for option in ("--match", f"*.{test.partition('.')[2]}")]


def _check_fitness(run, mode, core, outcome):
    if mode == guarded.UNGUARDED:
        if len(run.outcomes) == 1:
            raise Unfit(f"no test was run: {_text(outcome)[-2000:]}")
        return
    cores = [record["core"] for record in outcome.records if record["event"] == "armed"]
    # Only the first: a sub-interpreter may have another core than its process.
    if not cores or core not in ("auto", cores[0]):
        raise Unfit(f"ran under {cores[:1]} instead of {core!r}: {_text(outcome)[-2000:]}")


def _outcomes(written, outcome):
    outcomes = {WHOLE: f"exit {outcome.returncode}"}
    if not written.exists():
        return outcomes
    for case in ElementTree.parse(written).iter("testcase"):
        if "name" in case.attrib:
            outcomes[_short(case.get("name"))] = _word(case)
    for word, test in HEADING.findall(_text(outcome)):
        outcomes.setdefault(_short(test), HEADINGS[word])
    return outcomes


def _word(case):
    if case.find("outcome") is not None:
        return "unexpected success"
    return next((word for result, word in RESULTS.items() if case.find(result) is not None), "passed")


def _short(test):
    return test.removeprefix("test.").replace(f"{STAND_IN}.", ".")


def _text(outcome):
    return outcome.stdout + outcome.stderr


def _alarms(records):
    return tuple(sorted({text for record in records if (text := _alarm(record))}))


def _alarm(record):
    if record["event"] in ALARMS:
        return f"{record['event']}: {record.get('reason', '')}"
    if record["event"] != "decision" or record["verdict"] in ("allow", "log"):
        return ""
    owner = record["owner"]["name"]
    return f"{record['verdict']}: {owner} {record['phase']} {record['capability']} {record['target']}"
