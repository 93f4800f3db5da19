"""The evidence: its page and the README say what evidence.json says, misses have names, and worthless runs are told apart."""

import json
import re
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest
from support import anchors

PROJECT = Path(__file__).parents[2]
sys.path[1:1] = [str(PROJECT / "tests/attacks")]

import alarms  # noqa: E402 - found through the line above, as is `stage` that its neighbours use
import challenges  # noqa: E402
import costs  # noqa: E402
import counting  # noqa: E402
import evidence_page  # noqa: E402
import kept_pieces  # noqa: E402
import quoting  # noqa: E402
import reenacting  # noqa: E402
from reenacting import OWN, PLAIN, Held, Staged  # noqa: E402
from rows import SCENARIOS  # noqa: E402

PAGE, VALUES = PROJECT / "docs/evidence.md", PROJECT / "docs/evidence.json"
# A share, a factor or a time: what may be said of catches, alarms and costs only where it is quoted.
CLAIM = re.compile(r"\d\s?(%|×|‰|percent|µs|ms)|\d (of|out of) \d")
JUNIT = """<testsuites><testsuite>
<testcase file="tests/attacks/test_a.py" name="test_stopped[c]"/>
<testcase file="tests/attacks/test_a.py" name="test_open[c]">
<skipped type="pytest.xfail" message="docs/explanation/limits.md#native-code"/></testcase>
<testcase file="tests/attacks/test_a.py" name="test_not_here"><skipped type="pytest.skip" message="needs curl"/></testcase>
<testcase file="tests/attacks/test_a.py" name="test_closed_by_now"><failure message="[XPASS(strict)]"/></testcase>
</testsuite></testsuites>"""


@pytest.fixture(scope="module")
def known():
    """What is committed."""
    return json.loads(VALUES.read_text())


def test_page_is_what_the_values_say(known):
    """Nobody has typed a number into the page."""
    assert PAGE.read_text() == evidence_page.page(known)


def test_readme_quotes_the_values(known):
    """What stands between the marks is made of them, and no other line claims a share, a factor or a time."""
    quoted, rest = quoting.quoted((PROJECT / "README.md").read_text())

    assert quoted == quoting.quotation(known)
    assert [line for line in rest.splitlines() if CLAIM.search(line)] == []


@pytest.mark.parametrize("line", ["stops 99 % of them", "a start takes 1.2× as long", "in 3 ms", "holds 31 of 32"])
def test_claim_is_noticed(line):
    """A number that somebody types into the README is found."""
    assert CLAIM.search(line)


def test_every_miss_has_its_place_in_the_limits(known):
    """Each is named, and says which section of the page speaks of it."""
    named = {(miss["page"], miss["section"]) for miss in (*known["attacks"]["missed"], *known["challenges"]["open"])}
    there = {(page.name, anchor) for page in anchors.EXPLANATION.glob("limits*.md") for anchor in anchors.of(page)}

    assert named
    assert named <= there


def test_every_piece_says_where_it_comes_from(known):
    """Command, day and commit; what was measured here says on which machine."""
    pieces = [known["attacks"], known["challenges"], known["costs"], known["programs"], *known["alarms"].values()]

    for piece in pieces:
        assert {"by", "date", "commit"} <= piece["provenance"].keys()
    for piece in (known["attacks"], known["challenges"], known["programs"]):
        assert "CPU" in piece["provenance"]["machine"] or "×" in piece["provenance"]["machine"]


def test_a_miss_is_counted_and_named():
    """What one rung lets happen on one version is a miss there, with the reason that the scenario gives."""
    plain = next(scenario for scenario in SCENARIOS if not scenario.policy and scenario.achieves)
    open_ = next(scenario for scenario in SCENARIOS if scenario.policy and "recommended" in scenario.gaps)
    yes, no = Held(True, True, ("audit",)), Held(False, False, ("audit",))
    staged = [
        Staged(plain.id, "3.12", "", True, {("py", PLAIN): no, ("c", PLAIN): yes, ("c + kernel", PLAIN): yes}),
        Staged(open_.id, "3.12", "", True, {(rung, way): yes if way == OWN else no for rung in ("py", "c", "c + kernel") for way in (PLAIN, OWN)}),
        Staged("row99", "3.12", "needs curl", False, {}),
    ]

    found = counting.counted(staged, SCENARIOS, {"3.12": "3.12.1"})

    assert found["stopped"]["3.12"]["py"] == {"tried": 2, PLAIN: 0, "named": 0, OWN: 1}
    assert found["stopped"]["3.12"]["c"] == {"tried": 2, PLAIN: 1, "named": 1, OWN: 2}
    assert {(miss["attack"], miss["policy"], *miss["where"]) for miss in found["missed"]} == {
        (plain.id, PLAIN, "py"), (open_.id, PLAIN, "py", "c", "c + kernel"),
    }  # fmt: skip
    assert found["lacking"] == {"row99": "needs curl"} and not found["happen_not"]


def test_an_attack_that_does_not_happen_unguarded():
    """It shows nothing, and is told."""
    happens_not = Staged("row01", "3.12", "", False, {(rung, PLAIN): Held(True, True, ()) for rung in ("py", "c", "c + kernel")})

    found = counting.counted([happens_not], SCENARIOS, {"3.12": "3.12.1"})

    assert found["happen_not"] == ["row01 doesn't happen unguarded on 3.12"]


def test_what_pytest_says():
    """An expected failure is a known miss with its section, a broken or closed one is broken, and a skip is nothing."""
    found = challenges.outcomes(ElementTree.ElementTree(ElementTree.fromstring(JUNIT)))

    assert found == {
        "stopped": 1,
        "broken": ["tests/attacks/test_a.py::test_closed_by_now"],
        "open": [
            {
                "test": "tests/attacks/test_a.py::test_open[c]",
                "reason": "docs/explanation/limits.md#native-code",
                "page": "limits.md",
                "section": "native-code",
            }
        ],
    }


def test_a_page_of_results_that_says_something_else():
    """It is an error, never a missing line."""
    with pytest.raises(alarms.Unreadable, match="docs/reference/used.md"):
        alarms.said(alarms.USED, "- 32 uses, some problems\n")


def test_pages_of_results_are_read_and_never_typed(known):
    """Every page of a long run gives its own numbers, and those stand on the page and in the README."""
    quoted, _rest = quoting.quoted((PROJECT / "README.md").read_text())
    page = PAGE.read_text()

    for name in alarms.NAMES:
        told = alarms.said(f"docs/reference/{name}.md", (PROJECT / f"docs/reference/{name}.md").read_text())
        told.pop("date", None)
        assert told == {key: value for key, value in known["alarms"][name].items() if key != "provenance"}
        assert f"(reference/{name}.md)" in page
    for name, number in (("suites", "tests"), ("compat", "modules"), ("compat-strict", "alarms"), ("used", "uses"), ("cpython", "tests")):
        assert str(known["alarms"][name][number]) in quoted


def test_what_was_staged_can_be_kept():
    """A run that goes on later reads what the one before it has re-enacted."""
    staged = Staged("row01", "3.12", "", True, {("c", PLAIN): Held(True, False, ("audit", "seccomp"))})

    assert reenacting.from_plain(json.loads(json.dumps(reenacting.as_plain(staged)))) == staged


def test_piece_is_made_once_a_commit(tmp_path, monkeypatch):
    """It is there for the next run, unless files differ from the commit; one that failed leaves nothing."""
    made = []
    monkeypatch.setattr(kept_pieces.provenance, "commit", lambda: "abc1234")

    def fails():
        raise challenges.Unfit("ended")

    with pytest.raises(challenges.Unfit):
        kept_pieces.Pieces(tmp_path).get("attacks", fails)
    for _ in range(2):
        assert kept_pieces.Pieces(tmp_path).get("attacks", lambda: made.append(1) or {"n": 1}) == {"n": 1}
    assert made == [1]
    monkeypatch.setattr(kept_pieces.provenance, "commit", lambda: "abc1234+")
    assert kept_pieces.Pieces(tmp_path).get("attacks", lambda: {"n": 2}) == {"n": 2}


def test_run_that_does_not_end_is_ended(monkeypatch):
    """What takes longer than it ever should says nothing of the guard."""
    monkeypatch.setattr(challenges, "SECONDS", 1)

    with pytest.raises(challenges.Unfit, match="took longer than 1 s"):
        challenges.bounded([sys.executable, "-c", "import time; time.sleep(60)"])


def test_costs_have_intervals():
    """A ratio is of values that were taken in the same rounds."""
    def values(name, *seconds):
        return {"metadata": {"name": name}, "runs": [{"values": [second]} for second in seconds]}

    found = costs.of({"benchmarks": [values("start (bare)", 1, 2, 4), values("start (guarded)", 2, 4, 8)]})

    assert found == {"start": {"median": 2.0, "lower": 2.0, "upper": 2.0, "pairs": 3}}


def evidence(*arguments):
    """Run the command."""
    command = [sys.executable, PROJECT / "tests/evidence", *arguments]
    return subprocess.run(list(map(str, command)), cwd=PROJECT, capture_output=True, text=True, timeout=300)


def test_a_small_run():
    """A few attacks are re-enacted beneath each rung, and the page has all its sections; nothing is written."""
    before = PAGE.read_text(), (PROJECT / "README.md").read_text()

    done = evidence("--quick")

    assert done.returncode == 0, done.stdout + done.stderr
    for rung in ("py", "c", "c + kernel"):
        assert re.search(rf"^\| 3\.\d+ \| {re.escape(rung)} \| (\d+) \| \1 \| \1 \| \1 \|$", done.stdout, re.MULTILINE), done.stdout
    assert "`poisoned-deputy-c`" in done.stdout
    assert before == (PAGE.read_text(), (PROJECT / "README.md").read_text())


def test_a_small_run_is_not_written_down(tmp_path):
    """It has measured too little."""
    done = evidence("--quick", "--out", tmp_path / "evidence.md")

    assert done.returncode == 2
    assert "too little" in done.stderr
