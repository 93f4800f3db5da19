"""CPython's own tests under the guard: one small file of them here, `make cpython` runs the many; and how they compare."""

import json
from dataclasses import asdict

import differing
import kept_runs
import pytest
import suite
import suite_results
from differing import Difference, Known, Place
from suite import Run
from support import guarded

PLACE = Place("3.12", "c", guarded.OBSERVE, "test_site")
ENDS_IN_EVERY_WAY = """
import unittest

class Outcomes(unittest.TestCase):
    def test_passed(self): pass
    def test_failed(self): self.fail()
    def test_error(self): raise LookupError
    def test_skipped(self): self.skipTest("as well")
    def test_subtest(self):
        for number in range(3):
            with self.subTest(number=number):
                self.assertNotEqual(number, 1)
    @unittest.expectedFailure
    def test_expected_failure(self): self.fail()
    @unittest.expectedFailure
    def test_unexpected_success(self): pass

class Unready(unittest.TestCase):
    @classmethod
    def setUpClass(cls): raise LookupError
    def test_nothing(self): pass
"""


def ended(*, alarms=(), whole="exit 0", **outcomes):
    tests = {f"test_site.Tests.{name}": outcome for name, outcome in outcomes.items()}
    return Run({suite.WHOLE: whole, **tests}, tuple(alarms), 1.0)


def told(found):
    return [(difference.test, difference.bare, difference.guarded) for difference in found]


def results(found, *known):
    run = ended(test_a="passed")
    return suite_results.Results({("3.12", "test_site"): run}, {PLACE: run}, found, [], list(known), {"3.12": "3.12.1"})


def test_a_small_file_of_cpythons_own(interpreter):
    """test_zipimport ends bare, observed and under recommended the same, test by test, and nothing is written down."""
    bare = suite.play("test_zipimport", interpreter, guarded.UNGUARDED)
    assert len(bare.outcomes) > 50

    for mode in (guarded.OBSERVE, guarded.RECOMMENDED):
        run = suite.play("test_zipimport", interpreter, mode)

        assert differing.differences(PLACE, bare, run) == [], mode


def test_every_way_for_a_test_to_end_is_told(any_interpreter, tmp_path, monkeypatch):
    """What CPython's runner leaves out of its XML, failing subtests and what fails around a class, counts as well."""
    (tmp_path / "of_every_way.py").write_text(ENDS_IN_EVERY_WAY)
    monkeypatch.setattr(suite, "ABSENT", tmp_path)

    run = suite.play("test_of_every_way", any_interpreter, guarded.UNGUARDED)
    one = suite.play("test_of_every_way", any_interpreter, guarded.UNGUARDED, only=["test_of_every_way.Outcomes.test_error"])

    tests = {test.removeprefix("test_of_every_way."): outcome for test, outcome in run.outcomes.items()}
    assert tests == {
        suite.WHOLE: "exit 2",
        "Outcomes.test_passed": "passed",
        "Outcomes.test_failed": "failed",
        "Outcomes.test_error": "error",
        "Outcomes.test_skipped": "skipped",
        "Outcomes.test_subtest": "failed",
        "Outcomes.test_expected_failure": "expected failure",
        "Outcomes.test_unexpected_success": "unexpected success",
        "Unready": "error",
    }
    assert one.outcomes == {suite.WHOLE: "exit 2", "test_of_every_way.Outcomes.test_error": "error"}


def test_a_run_that_says_nothing(interpreter):
    """Without a single test, or without the core that was asked for, there is nothing to compare, and it is refused."""
    with pytest.raises(suite.Unfit, match="no test was run"):
        suite.play("test_audit", interpreter, guarded.UNGUARDED, only=["test_audit.AuditTest.test_of_nothing"])
    with pytest.raises(suite.Unfit, match="instead of 'none'"):
        suite.play("test_audit", interpreter, guarded.OBSERVE, core="none")


@pytest.mark.parametrize(
    ("bare", "run", "expected"),
    [
        (ended(test_a="passed"), ended(test_a="passed"), []),
        (ended(test_a="failed"), ended(test_a="failed"), []),
        (ended(test_a="passed"), ended(test_a="failed"), [("test_site.Tests.test_a", "passed", "failed")]),
        (ended(test_a="passed"), ended(test_a="skipped"), [("test_site.Tests.test_a", "passed", "skipped")]),
        (ended(test_a="failed"), ended(test_a="passed"), [("test_site.Tests.test_a", "failed", "passed")]),
        (
            ended(test_a="passed", test_b="passed"),
            ended(test_a="passed"),
            [("test_site.Tests.test_b", "passed", "nothing")],
        ),
        (
            ended(test_a="passed"),
            ended(test_a="failed", whole="exit 2"),
            [("test_site.Tests.test_a", "passed", "failed")],
        ),
        (ended(test_a="passed"), ended(whole="exit 139"), [(f"test_site: {suite.WHOLE}", "exit 0", "exit 139")]),
        (
            ended(test_a="passed"),
            ended(test_a="passed", whole="exit 3"),
            [(f"test_site: {suite.WHOLE}", "exit 0", "exit 3")],
        ),
        (
            ended(test_a="passed"),
            ended(test_a="passed", alarms=["tamper: it"]),
            [("test_site: tamper: it", "nothing", "recorded")],
        ),
    ],
    ids=["same", "same-failure", "fails", "skips", "mends", "lacks", "once", "crashes", "leaves-traces", "alarms"],
)
def test_two_runs(bare, run, expected):
    """They differ where a test, the file as a whole, or nothing but the guard's records does."""
    assert told(differing.differences(PLACE, bare, run)) == expected


def test_a_difference_that_is_gone_when_it_is_repeated():
    """It is told apart from one that stays; the whole file is repeated for what isn't a single test."""
    stays, goes = [Difference(PLACE, f"test_site.Tests.{name}", "passed", "failed") for name in ("test_a", "test_b")]
    whole = Difference(PLACE, f"test_site: {suite.WHOLE}", "exit 0", "exit 3")

    assert differing.still_there([stays, goes], [stays]) == ([stays], [goes])
    assert differing.repeatable([stays, goes]) == ("test_site.Tests.test_a", "test_site.Tests.test_b")
    assert differing.repeatable([stays, whole]) == ()


def test_a_difference_that_nobody_has_explained():
    """It is a problem; where its explanation is for another core, version or mode it still is."""
    found = [Difference(PLACE, "test_site.Tests.test_a", "passed", "failed")]
    fits = Known("test_site.*.test_a", "because", pythons=("3.11", "3.12"), cores=("c",), modes=("observe",))

    assert results(found, fits).problems() == []
    assert "because" in suite_results.page(results(found, fits))
    for other in ({"pythons": ("3.11",)}, {"cores": ("py",)}, {"modes": ("recommended",)}):
        [problem] = results(found, Known("test_site.*.test_a", "because", **other)).problems()
        assert problem.startswith("unexplained") and "passed → failed" in problem


def test_what_was_kept_of_some_runs(interpreter, tmp_path):
    """A run that is there is taken up and not repeated; without running anything, one that isn't there is missing."""
    run = ended(test_a="passed", alarms=["tamper: it"])
    kept = tmp_path / kept_runs.file_name("test_site", interpreter, guarded.OBSERVE, "c")
    kept.write_text(json.dumps(asdict(run)))

    for play in (kept_runs.player(tmp_path, 1), kept_runs.recaller(tmp_path)):
        assert play("test_site", interpreter, guarded.OBSERVE, core="c") == run
    assert kept_runs.recaller(tmp_path)("test_site", interpreter, guarded.UNGUARDED) is None


def test_an_explanation_of_nothing():
    """What is listed and doesn't differ any more is a problem, unless its file or place wasn't run."""
    gone = Known("test_site.Tests.test_a", "because")
    elsewhere = [Known("test_runpy.Tests.test_a", "because"), Known("test_site.Tests.*", "because", cores=("py",))]

    [problem] = results([], gone, *elsewhere).problems()

    assert problem.startswith("stale") and "test_site.Tests.test_a" in problem


def test_the_committed_list(tmp_path):
    """Each entry names a file that is run and has a reason; one that has neither is none."""
    (tmp_path / "known.toml").write_text('[[difference]]\ntest = "test_site.*"\npythons = ["3.12"]\nreason = "because."\n')

    assert differing.known(tmp_path / "known.toml") == [Known("test_site.*", "because.", pythons=("3.12",))]
    for item in differing.known():
        assert item.test.partition(".")[0].partition(":")[0] in suite.FILES
        assert item.reason.endswith(".")
