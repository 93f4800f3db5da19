"""Every row of the catalogue, each way: unguarded it happens, observed it is recorded, guarded it doesn't happen."""

import fnmatch
import json

import pytest
import stage
from support import guarded
from support.guarded import OBSERVE, RECOMMENDED, UNGUARDED

SERIOUS = ("log", "deny", "kill")


def only(wanted):
    """Mark a test as being for the scenarios for which `wanted` holds."""

    def mark(test):
        test.wanted = wanted
        return test

    return mark


@pytest.fixture
def gap(request, scenario):
    """Expect the failure that a scenario declares for a way of running; strict, so that a closed gap is noticed."""

    def expect(way):
        if reason := scenario.gaps.get(way):
            request.applymarker(pytest.mark.xfail(reason=reason, raises=AssertionError, strict=True))

    return expect


def test_it_really_happens_unguarded(scenario, world):
    """Without a guard the sinks, the canaries and the files show each effect that the row names."""
    outcome = stage.perform(scenario, world, UNGUARDED)

    assert_ends_well(outcome)
    assert_happened(scenario, world, outcome)


def test_observed_it_happens_and_is_recorded(scenario, world, gap):
    """Under observe the same happens, and the records name owner, phase and target of each step."""
    gap("observe")

    outcome = stage.perform(scenario, world, OBSERVE, policy=scenario.policy)

    assert_ends_well(outcome)
    assert_happened(scenario, world, outcome)
    assert not outcome.decisions(verdict="deny"), outcome.story()
    for expected in (*scenario.denied, *scenario.then):
        assert_recorded(expected, outcome, "log")
    for expected in scenario.noticed:
        assert_recorded(expected, outcome, "log")
    assert_tampering_recorded(scenario, outcome)


@only(lambda scenario: scenario.noticed)
def test_under_recommended_it_is_noticed(scenario, world):
    """What honest packages do as well is on record, and not refused."""
    outcome = stage.perform(scenario, world, RECOMMENDED)

    assert_ends_well(outcome)
    for expected in scenario.noticed:
        assert_recorded(expected, outcome, "log")


def test_under_recommended_it_does_not_happen(scenario, world, gap):
    """Under the recommended preset no effect is there, the refusal is on record, and the application goes on."""
    gap("recommended")

    outcome = stage.perform(scenario, world, RECOMMENDED)

    assert_prevented(scenario, world, outcome)


@only(lambda scenario: scenario.policy)
def test_under_its_policy_it_does_not_happen(scenario, world, gap):
    """What the plain preset leaves open, the row's own policy closes."""
    gap("policy")

    outcome = stage.perform(scenario, world, RECOMMENDED, policy=scenario.policy)

    assert_prevented(scenario, world, outcome)


@only(lambda scenario: scenario.flagged)
def test_an_audit_of_the_environment_names_it(scenario, world, gap):
    """`importguard audit` exits 1 and names each file that the row should be noticed by, without running any of it."""
    gap("audit")

    done = guarded.importguard("audit", "--python", world.environment.python, "--json", world=world)

    assert done.returncode == 1, done.stdout + done.stderr
    texts = list(strings_in(json.loads(done.stdout)))
    for pattern in scenario.flagged:
        assert any(fnmatch.fnmatchcase("/" + text, pattern + "*") for text in texts), (pattern, texts)
    assert world.evidence() == []


def assert_ends_well(outcome):
    assert outcome.returncode == 0, outcome.story()
    assert "app done" in outcome.stdout, outcome.story()


def assert_happened(scenario, world, outcome):
    happened = world.evidence()
    assert set(scenario.achieves) <= set(happened), told(happened, outcome)
    if not scenario.achieves:
        assert happened == [], outcome.story()


def assert_prevented(scenario, world, outcome):
    happened = world.evidence()
    assert not set(scenario.achieves) & set(happened), told(happened, outcome)
    for expected in scenario.denied:
        assert_recorded(expected, outcome, "deny")
    assert_tampering_recorded(scenario, outcome)
    if not scenario.denied:
        serious = [verdict for verdict in SERIOUS if outcome.decisions(verdict=verdict)]
        assert not serious, outcome.story()
    if scenario.goes_on:
        assert_ends_well(outcome)


def assert_recorded(expected, outcome, verdict):
    found = outcome.decisions(
        capability=expected.capability,
        owner=expected.owner,
        phase=expected.phase,
        target=expected.target,
        verdict=verdict,
    )
    assert len({record["target"] for record in found}) >= expected.targets, told(expected, outcome)


def assert_tampering_recorded(scenario, outcome):
    tampered = {record["target"] for record in outcome.records if record["event"] == "tamper"}
    assert set(scenario.tampers) <= tampered, told(tampered, outcome)


def told(fact, outcome):
    """Return a fact and the story of the run as the text of a failed assertion."""
    return f"{fact}\n{outcome.story()}"


def strings_in(value):
    """Yield every string in a JSON value, keys included."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for name, inner in value.items():
            yield name
            yield from strings_in(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from strings_in(inner)
