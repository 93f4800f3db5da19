"""The catalogue as a whole: every row is there, explains itself, and bears invented names."""

import re
from collections import defaultdict

from rows import SCENARIOS
from scenario import LIMITS, LIMITS_OF_POLICIES

from importguard.advisories import database

ROWS = range(1, 32)  # row 32 is the negative set, in test_negative.py
TECHNIQUE = re.compile(r"T\d{4}(\.\d{3})?")
HELD = 22


def test_every_row_is_re_enacted_by_scenarios_of_its_own():
    """Rows 1 to 31 have at least one scenario each, and no two scenarios share an id."""
    assert {scenario.row for scenario in SCENARIOS} == set(ROWS)
    assert len({scenario.id for scenario in SCENARIOS}) == len(SCENARIOS)


def test_every_scenario_says_what_it_models_and_by_which_techniques():
    """Each names an incident and MITRE ATT&CK techniques, and tells its story."""
    for scenario in SCENARIOS:
        assert scenario.story and scenario.models, scenario.id
        assert scenario.techniques, scenario.id
        assert all(TECHNIQUE.fullmatch(technique) for technique in scenario.techniques), scenario.id


def test_every_gap_says_where_it_is_written_down():
    """Whoever meets a gap finds its reason and the page of limits."""
    for scenario in SCENARIOS:
        for way, reason in scenario.gaps.items():
            assert way in ("observe", "recommended", "policy", "audit"), scenario.id
            assert LIMITS in reason or LIMITS_OF_POLICIES in reason, scenario.id


def test_most_rows_hold_with_the_python_core_alone():
    """At least 22 rows have no gap in any scenario but the egress that a policy of their own closes."""
    held = defaultdict(lambda: True)
    for scenario in SCENARIOS:
        decisive = "policy" if scenario.policy else "recommended"
        held[scenario.row] &= decisive not in scenario.gaps and scenario.holds_with == "pycore"

    assert sum(held.values()) >= HELD, sorted(row for row, holds in held.items() if not holds)


def test_no_wheel_bears_a_listed_name_and_version():
    """Behaviour alone has to stop the wheels; the one that is on the list says so."""
    listed = database.Database(database.BUNDLED)
    for scenario in SCENARIOS:
        wheels = (*scenario.wheels, *scenario.user_wheels)
        found = [wheel.name for wheel in wheels if listed.lookup(wheel.name, wheel.version) is not None]
        assert bool(found) == scenario.listed, (scenario.id, found)
