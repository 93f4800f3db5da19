"""The page about well-known suites says what `make suites` found, and the table it goes by is in order."""

from pathlib import Path

import known_suites
import pytest
import suites_page

PAGE = Path(__file__).parents[2] / "docs/reference/suites.md"


def result(mode_of_failure=None):
    runs = []
    for mode in ("learn", "bare", "observe", "enforce"):
        outcome = "failure" if mode == mode_of_failure else "passed"
        refused = ["IG201: denied  acme 1.0 -> proc.spawn"] if mode == mode_of_failure else []
        runs.append({"mode": mode, "outcomes": {"test_it::test": outcome}, "refused": refused, "cpu": 2.0 if mode == "bare" else 2.1})
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


def test_ratio_goes_by_pairs():
    """Each round's guarded time is held against the bare time of that round."""
    assert suites_page.ratio(result(), "enforce").median == pytest.approx(1.05)
