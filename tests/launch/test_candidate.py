"""A policy that is only tried out: judged beside the one in force, in the same process, and never enforced."""

import json
from pathlib import Path

import pytest
from support import envs, guarded, wheels, worlds

SCHEMA = Path(__file__).resolve().parents[2] / "importguard" / "report" / "record.schema.json"
READS = """
from pathlib import Path
def read(name, times=1):
    try:
        return [Path(name).read_text() for _ in range(times)][-1]
    except PermissionError:
        return "denied"
"""
THROUGH = """
import acme_reads
def read(name):
    return acme_reads.read(name)
"""
PROGRAM = """
import acme_calls, acme_reads
print(acme_reads.read("tried"), acme_reads.read("both"), acme_reads.read("granted"), acme_calls.read("passed"))
print(acme_reads.read("often", 1000))
"""
POLICY = """
version = 1
[candidate]
policy = "next.toml"
[run]
deny = ["fs.read:$cwd/both", "fs.read:$cwd/granted"]
"""
CANDIDATE = """
version = 1
[run]
deny = ["fs.read:$cwd/both", "fs.read:$cwd/tried", "fs.read:$cwd/often", "fs.read:$cwd/passed"]
[package.acme-reads]
deputy = ["fs.read:$cwd/passed"]
[package.acme-calls]
deny = ["import"]
"""


@pytest.fixture(scope="module")
def environment(tmp_path_factory, empty_environment):
    """An environment with a distribution that reads, and one that has it read."""
    folder = tmp_path_factory.mktemp("candidate")
    made = envs.copy(empty_environment, folder / "env")
    reads = wheels.Wheel("acme-reads", "1.0", {"acme_reads.py": READS})
    calls = wheels.Wheel("acme-calls", "2.0", {"acme_calls.py": THROUGH})
    envs.install(made, reads, calls, folder=folder / "wheels")
    return made


@pytest.fixture(scope="module", params=["c", "py"])
def outcome(request, tmp_path_factory, environment):
    """How the program ended on either core, with both policies."""
    with worlds.furnished(tmp_path_factory.mktemp(request.param), environment) as world:
        for name in ("tried", "both", "granted", "passed", "often"):
            (world.project / name).write_text(name)
        (world.root / "next.toml").write_text(CANDIDATE)
        return guarded.run(
            world, [environment.python, "-c", PROGRAM], policy=POLICY, options=("--core", request.param)
        )


def verdicts(outcome, target):
    """Return the different (owner, verdict, candidate, file of the rule, file of the candidate's) about a target."""
    found = set()
    for record in outcome.decisions(target=target):
        files = [record[name].partition(":")[0] for name in ("rule", "candidate_rule")]
        found.add((record["owner"]["name"], record["verdict"], record["candidate"], *files))
    return found


def test_only_the_policy_in_force_is_enforced(outcome):
    """What the candidate alone denies is read, what the policy denies is not, whatever the candidate says."""
    assert outcome.stdout == "tried denied denied passed\noften\n", outcome.story()


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("*/tried", ("acme-reads", "allow", "deny", "", "next.toml")),
        ("*/both", ("acme-reads", "deny", "deny", "policy.toml", "next.toml")),
        ("*/granted", ("acme-reads", "deny", "allow", "policy.toml", "")),
        ("*/passed", ("acme-calls", "allow", "deny", "", "next.toml")),
        ("acme_calls", ("acme-calls", "allow", "deny", "", "next.toml")),
    ],
)
def test_each_record_has_both_verdicts(outcome, target, expected):
    """With whom the one that denies blames, by its own deputies, and the rule of each; imports are judged as well."""
    assert verdicts(outcome, target) == {expected}, outcome.story()


def test_what_is_asked_a_thousand_times_is_recorded_a_few(outcome):
    """Records grow with the logarithm of the repeats, and their counts add up to no more than there were."""
    counts = [record["count"] for record in outcome.decisions(target="*/often")]

    assert len(counts) <= 10
    assert 500 <= sum(counts) <= 1000


def test_the_run_says_how_much_the_candidate_would_have_denied(outcome):
    """One line at the end, since what it says is not shown as it happens."""
    assert "importguard: the candidate would have denied at least " in outcome.stderr
    assert "would be denied" not in outcome.stderr


def test_records_fit_the_schema(outcome):
    """Both verdicts are where the schema has them."""
    jsonschema = pytest.importorskip("jsonschema", reason="needs jsonschema")
    validator = jsonschema.Draft202012Validator(json.loads(SCHEMA.read_text()))

    assert [error.message for record in outcome.records for error in validator.iter_errors(record)] == []
