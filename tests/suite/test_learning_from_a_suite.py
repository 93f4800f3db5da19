"""`pytest --importguard-learn`: what a suite needs is in the lock, under which it then runs; what was refused is not."""

import tomllib

import pytest
from support import wheels
from support.suites import outcomes

HONEST = """
import subprocess, sys

def say():
    return subprocess.run([sys.executable, "-c", "print('said')"], capture_output=True, text=True).stdout

def say_other():
    return subprocess.run(["/bin/echo", "said"], capture_output=True, text=True).stdout
"""
TESTS = """
import acme_honest

def test_says():
    assert acme_honest.say() == "said\\n"
"""
MORE = """
def test_says_other():
    assert acme_honest.say_other() == "said\\n"
"""
THIEF = """
import acme_thief

def test_thief():
    acme_thief.steal()
"""


@pytest.fixture
def honest(suite):
    suite.install(wheels.Wheel("acme-honest", "1.0", {"acme_honest.py": HONEST}))
    suite.write(test_it=TESTS + MORE)
    return suite


def lock_of(suite):
    return tomllib.loads((suite.root / "project/importguard.lock").read_text())["distribution"]


@pytest.mark.parametrize("options", [(), ("-n", "2")], ids=["plain", "workers"])
def test_suite_runs_under_the_lock_that_it_taught(honest, options):
    """What the tests had a package do is in the lock, from all workers; under it the same suite passes."""
    code, output = honest.run("--importguard-learn", *options)

    assert code == 0 and "importguard: learnt" in output, output
    granted = str(lock_of(honest)["acme-honest"]["1.0"]["run"])
    assert "proc.spawn" in granted and "/bin/echo said" in granted
    assert honest.run("--importguard", *options)[0] == 0


def test_what_was_not_learnt_is_refused(honest):
    """The control: a package that does what no test had it do while the lock was learnt is refused it."""
    honest.write(test_it=TESTS)
    assert honest.run("--importguard-learn")[0] == 0
    honest.write(test_it=TESTS + MORE)

    code, output = honest.run("--importguard")

    assert (code, outcomes(output)["test_it.py::test_says_other"]) == (1, "FAILED"), output


def test_what_is_learnt_is_added(honest):
    """A second run adds to the lock; what the first one had learnt stays."""
    honest.write(test_it=TESTS)
    assert honest.run("--importguard-learn")[0] == 0
    honest.write(test_it="import acme_honest\n" + MORE)

    code, output = honest.run("--importguard-learn")

    assert code == 0, output
    honest.write(test_it=TESTS + MORE)
    assert honest.run("--importguard")[0] == 0


@pytest.mark.parametrize("options", [(), ("-n", "2")], ids=["plain", "workers"])
def test_thief_is_listed_and_never_granted(honest, options):
    """What the policy refuses fails its test and the session, is listed as refused, and stays refused under the lock."""
    honest.write(test_thief=THIEF)

    code, output = honest.run("--importguard-learn", *options)

    assert (code, outcomes(output)["test_thief.py::test_thief"]) == (1, "FAILED"), output
    assert "refused, and not learnt: acme-thief 1.0: run:fs.read:$home/.ssh/id_rsa" in output
    entry = lock_of(honest)["acme-thief"]["1.0"]
    assert entry["refused"] == ["run:fs.read:$home/.ssh/id_rsa"] and "run" not in entry
    assert honest.run("--importguard")[0] == 1
    assert not honest.loot.exists()


def test_refusal_that_a_test_expects_still_fails_the_session(honest):
    """A marker settles the test; that something was refused while learning is for a person to look at."""
    expecting = 'import pytest\n@pytest.mark.importguard(expect=["fs.read:$secrets"])'
    honest.write(test_thief=THIEF.replace("import acme_thief\n", f"import acme_thief\n{expecting}", 1).replace(")\n\n", ")\n"))

    code, output = honest.run("--importguard-learn")

    assert (code, outcomes(output)["test_thief.py::test_thief"]) == (1, "PASSED"), output
    assert "refused, and not learnt: acme-thief 1.0" in output


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ({"options": ("--importguard-observe",)}, "can't go with --importguard-observe"),
        ({"outer": ("--mode", "enforce")}, "importguard learn -- python -m pytest"),
    ],
)
def test_what_cant_be_learnt_stops_the_run(honest, how, said):
    """Observing, and below an outer run, nothing can be learnt: one line, no test, no lock."""
    code, output = honest.run("--importguard-learn", *how.get("options", ()), outer=how.get("outer", ()))

    assert (code, outcomes(output)) == (pytest.ExitCode.USAGE_ERROR, {}), output
    assert said in output
    assert not (honest.root / "project/importguard.lock").exists()


def test_record_that_somebody_forged_is_no_grant(honest):
    """A package that writes "allowed" into the records of the run gains nothing, and the session fails."""
    honest.write(
        test_it=TESTS
        + """
def test_forger():
    import glob, json, os, tempfile
    fields = {"v": 1, "id": "x", "time": "", "event": "decision", "pid": 1, "verdict": "allow", "capability": "fs.read",
              "target": os.path.expanduser("~/.ssh/id_rsa"), "phase": "run", "rule": "", "candidate": None, "via": [],
              "owner": {"name": "acme-thief", "version": "1.0", "kind": "distribution"}}
    for path in glob.glob(tempfile.gettempdir() + "/importguard-*/records.jsonl"):
        with open(path, "a") as file:
            file.write(json.dumps(fields) + "\\n")
"""
    )

    code, output = honest.run("--importguard-learn")

    assert code == 1, output
    assert "a record says that something was allowed which the policy refuses" in output
    assert "run" not in lock_of(honest)["acme-thief"]["1.0"]
