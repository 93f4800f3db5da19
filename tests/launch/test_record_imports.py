"""`run --record-imports`: how long each module took, with what it imports itself and without."""

import json
from pathlib import Path

import jsonschema
import pytest
from support import envs, guarded, wheels, worlds

SCHEMA = json.loads((Path(guarded.__file__).parents[2] / "importguard/report/record.schema.json").read_text())
SLEEPY = "import time\ntime.sleep(0.05)\nimport acme_inner\ntime.sleep(0.05)\n"


@pytest.fixture
def world(tmp_path, empty_environment):
    """A world with `acme-sleepy`, whose module sleeps before and after it imports one of `acme-inner`, which sleeps as well."""
    made = envs.copy(empty_environment, tmp_path / "env")
    sleepy = {"acme_sleepy.py": SLEEPY, "acme_many/__init__.py": "".join(f"from . import m{at}\n" for at in range(100))}
    many = {f"acme_many/m{at}.py": "" for at in range(100)}
    envs.install(made, wheels.Wheel("acme-sleepy", "1.0", {**sleepy, **many}), folder=tmp_path / "wheels")
    inner = {"acme_inner.py": "import time\ntime.sleep(0.2)\n", "acme_broken.py": "import acme_inner\nraise RuntimeError\n"}
    envs.install(made, wheels.Wheel("acme-inner", "2.0", inner), folder=tmp_path / "wheels")
    with worlds.furnished(tmp_path / "world", made) as furnished:
        yield furnished


def imports_of(world, code, *options):
    """Return {module: what is said of it} after a run of code."""
    outcome = guarded.run(world, [world.environment.python, "-c", code], options=options)
    assert outcome.returncode == 0, outcome.stderr
    for record in outcome.records:
        jsonschema.validate(record, SCHEMA)
    found = [entry for record in outcome.records if record["event"] == "imports" for entry in record["modules"]]
    return {entry["module"]: entry for entry in found}, outcome


def test_time_is_charged_to_who_spends_it(world):
    """A module's own time leaves out what it imports; each has its distribution, its depth and its place in time."""
    found, _outcome = imports_of(world, "import acme_sleepy", "--record-imports")

    sleepy, inner = found["acme_sleepy"], found["acme_inner"]
    assert (sleepy["owner"]["name"], inner["owner"]["name"]) == ("acme-sleepy", "acme-inner")
    assert inner["owner"]["version"] == "2.0"
    assert sleepy["depth"] + 1 == inner["depth"]
    assert sleepy["duration"] >= 300_000 and 100_000 <= sleepy["self"] <= sleepy["duration"] - 200_000
    assert inner["duration"] == inner["self"] >= 200_000
    assert sleepy["start"] + 50_000 <= inner["start"] <= sleepy["start"] + sleepy["duration"]


def test_import_that_fails_is_timed_too(world):
    """A body that raises has a time, and what comes after it is as deep as before."""
    code = "try: import acme_broken\nexcept RuntimeError: pass\nimport acme_sleepy"

    found, _outcome = imports_of(world, code, "--record-imports")

    assert found["acme_broken"]["duration"] >= 200_000
    assert found["acme_broken"]["depth"] == found["acme_sleepy"]["depth"] == 0


def test_many_modules_fit_their_lines(world):
    """No line is longer than a pipe takes in one piece, however many modules there are."""
    found, outcome = imports_of(world, "import acme_many", "--record-imports")

    assert {f"acme_many.m{at}" for at in range(100)} <= set(found)
    assert not [record for record in outcome.records if record["event"] == "tamper"]


def test_nothing_is_recorded_unasked(world):
    """Without the option there is no such record."""
    found, _outcome = imports_of(world, "import acme_sleepy")

    assert found == {}


def test_core_in_python_says_that_it_cant(world):
    """The core in Python stands before an import, not around it: `missing` says so."""
    found, outcome = imports_of(world, "import acme_sleepy", "--record-imports", "--core", "py")

    armed = next(record for record in outcome.records if record["event"] == "armed")
    assert found == {}
    assert "imports: how long they take is known to the core in C alone" in armed["missing"]


def test_option_without_a_place_for_records_is_an_error(world):
    """Times that nobody keeps aren't taken: one line, exit 2, nothing started."""
    done = guarded.importguard("run", "--record-imports", "--", "/bin/true", world=world)

    assert (done.returncode, done.stdout) == (2, "")
    assert "--record-imports needs a place for records: --records FILE" in done.stderr
