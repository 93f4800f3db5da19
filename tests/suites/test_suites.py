"""The page about well-known suites says what `make suites` found, and the table it goes by is in order."""

import os
import subprocess
import sys
import time
from pathlib import Path

import known_suites
import part_ratios
import pytest
import suite_runs
import suites_page

PAGE = Path(__file__).parents[2] / "docs/reference/suites.md"


def result(mode_of_failure=None):
    runs = []
    for mode in ("learn", "bare", "observe", "enforce"):
        outcome = "failure" if mode == mode_of_failure else "passed"
        refused = ["IG201: denied  acme 1.0 -> proc.spawn"] if mode == mode_of_failure else []
        seconds = 2.0 if mode == "bare" else 2.1
        runs.append({"mode": mode, "outcomes": {"test_it::test": outcome}, "refused": refused, "parts": {"test_it::test": [seconds, 9.0]}})
    return {"name": "requests", "runs": runs}


def test_page_tells_of_every_suite_and_of_what_is_left_out():
    """Whoever adds a suite, or leaves a test out, runs `make suites` again."""
    page = PAGE.read_text()

    for suite in known_suites.every():
        assert f"| {suite.name} {suite.version} |" in page or suites_page.MISSING.format(suite=suite) in page
        for option, reason in suite.left_out:
            assert f"- {suite.name}: `{option}`: {reason}" in page


@pytest.mark.parametrize("mode", ["learn", "observe", "enforce"])
def test_other_outcome_and_refusal_are_differences(mode):
    """What goes otherwise than bare is on the page by name, in whatever mode."""
    found = suites_page.differences(result(mode))

    assert found == [f"{mode}: test_it::test: failure, bare passed", f"{mode}: IG201: denied  acme 1.0 -> proc.spawn"]
    assert suites_page.differences(result()) == []


def test_ratio_is_told_by_cpu_and_by_the_clock():
    """A suite that waits is no slower for whoever waits with it, whatever its CPU does."""
    assert suites_page.ratio(result(), "enforce", "cpu").median == pytest.approx(1.05)
    assert suites_page.ratio(result(), "enforce", "clock").median == 1.0


def rounds(*seconds_of_parts):
    return [{part: [seconds, seconds] for part, seconds in zip("abc", each, strict=True)} for each in seconds_of_parts]


def test_what_disturbs_one_part_of_a_round_does_not_count():
    """A machine that others use is slow now and then, in some part of every round."""
    bare = rounds((1, 9, 1), (1, 1, 9), (9, 1, 1), (1, 1, 1))
    guarded = rounds((2, 8, 1), (8, 2, 1), (2, 2, 9), (2, 2, 1))

    found = part_ratios.ratio(guarded, bare, "cpu")

    assert found.median == pytest.approx(5 / 3)
    assert found.lower <= found.median <= found.upper
    assert found.pairs == 4


def test_part_that_some_round_lacks_counts_with_the_others():
    """A test that is not always collected changes no ratio by being missing."""
    bare = [{"a": [1, 1], "new": [1, 1]}, {"a": [1, 1], "newer": [1, 1]}]

    assert part_ratios.ratio([{"a": [2, 2], "new": [2, 2]}] * 2, bare, "cpu").median == 2.0


def test_parts_of_a_run_are_all_of_it(tmp_path):
    """From the start of the process to its end, each second belongs to one part, and to the right one."""
    (tmp_path / "test_it.py").write_text(
        "import time\ntime.sleep(0.2)\ndef test_waits(): time.sleep(0.4)\ndef test_works():\n"
        "    end = time.process_time() + 0.5\n    while time.process_time() < end: pass\n"
    )
    ends = tmp_path / "ends.json"
    variables = {**os.environ, "PYTHONPATH": str(suite_runs.PLUGIN), "PART_TIMES": str(ends)}

    began = time.monotonic()
    subprocess.run([sys.executable, "-m", "pytest", "-p", "part_times", "-q", tmp_path], cwd=tmp_path, env=variables, check=True)
    took = (9.0, time.monotonic() - began)
    found = suite_runs.parts(ends, began, took)

    assert list(found) == ["start", "test_it.py::test_waits", "test_it.py::test_works", "end"]
    assert [sum(column) for column in zip(*found.values(), strict=True)] == pytest.approx(took, abs=0.001)
    assert found["start"][1] > 0.2
    assert found["test_it.py::test_waits"][1] >= 0.4 > found["test_it.py::test_waits"][0]
    assert found["test_it.py::test_works"][0] >= 0.5
