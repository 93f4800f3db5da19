"""What the guard of a suite says when something was written wrongly: in a line or two, with what to do, and no test hurt by it."""

import pytest
from support import guarded
from support.suites import IN_TEST, outcomes

MARKED = """
import acme_thief, pytest

@pytest.mark.importguard(expect={expect})
def test_marked():
    acme_thief.steal()

def test_after():
    pass
"""
STEALS = "import acme_thief\nacme_thief.steal()\n"


@pytest.mark.parametrize(
    ("expect", "said"),
    [
        ('["fs.red:$secrets"]', "unknown capability 'fs.red', did you mean 'fs.read'?"),
        ('"fs.read:$secrets"', "is no list of grants: write expect="),
        ("[1]", "is no list of grants: write expect="),
        ("None", "is no list of grants: write expect="),
    ],
)
@pytest.mark.parametrize("options", [("--importguard",), ("--importguard", "-n", "2"), ()])
def test_marker_that_is_no_grant_fails_its_test_alone(suite, expect, said, options):
    """The test fails with what is wrong, guarded or not, in a worker as well; the ones after it run."""
    suite.write(test_it=MARKED.format(expect=expect))

    code, output = suite.run(*options)

    assert outcomes(output) == {"test_it.py::test_marked": "ERROR", "test_it.py::test_after": "PASSED"}, output
    assert code == 1 and said in output and "INTERNALERROR" not in output
    assert options == () or not suite.loot.exists()


def test_outer_run_understands_markers(suite):
    """Below `importguard run` a suite that has no guard of its own takes its markers for what they are."""
    suite.write(test_it=MARKED.format(expect='["fs.red"]').replace("    acme_thief.steal()", "    pass"))

    code, output = suite.run(outer=("--mode", "enforce"))

    assert code == 1 and "did you mean 'fs.read'?" in output, output


def test_named_record_is_found(suite):
    """The id that a refusal's text names is one that `importguard explain --record` finds once the run is over."""
    suite.write(test_it=IN_TEST, conftest=STEALS)

    _code, output = suite.run("--importguard")
    ids = [line.split()[-1] for line in output.splitlines() if "importguard explain --record" in line]
    done = [guarded.importguard("explain", "--record", each, variables={"HOME": str(suite.root / "home")}) for each in ids]

    assert len(set(ids)) == 2
    assert [(each.returncode, "denied  acme-thief 1.0 -> fs.read" in each.stdout) for each in done] == [(1, True)] * len(ids)


@pytest.mark.parametrize("options", [(), ("-v",), ("-n", "2")])
def test_policy_that_nobody_approved_says_so(suite, options):
    """The line that a refusal suggests, written into the project's policy, counts once that is approved: the run says how, once."""
    suite.write(test_it=IN_TEST)
    policy = suite.root / "project/importguard.toml"
    policy.write_text('version = 1\n[package.acme-thief]\nrun.allow = ["fs.read:$secrets"]\n')

    code, output = suite.run("--importguard", *options)

    assert code == 1 and output.count(f"{policy} is not approved: ignored allow (1) (importguard allow {policy} approves it)") == 1


def test_policy_with_plugins_says_how_they_are_had(suite):
    """Plugins of the guard's are called by the launcher: the run stops with the command that has one."""
    suite.write(test_it=IN_TEST)
    (suite.root / "plugged.toml").write_text('version = 1\nplugins = ["syslog"]\n')

    code, output = suite.run("--importguard", f"--importguard-policy={suite.root / 'plugged.toml'}")

    assert code == pytest.ExitCode.USAGE_ERROR and "importguard run -- pytest --importguard" in output


def test_policy_of_a_run_that_isnt_guarded_is_a_mistake(suite):
    """Who names a policy wants a guard; in addopts it may wait for the run that has one."""
    suite.write(test_it=IN_TEST)

    code, output = suite.run("--importguard-policy=some.toml")
    waiting, _output = suite.run("-o", "addopts=--importguard-policy=some.toml")

    assert code == pytest.ExitCode.USAGE_ERROR and "nothing is guarded: add --importguard" in output
    assert waiting == 0


def test_mode_that_is_none_has_its_near_miss_and_its_file(suite):
    """What is close to it, and where it stands."""
    suite.write(test_it=IN_TEST)
    place = suite.root / "project/pyproject.toml"
    place.write_text("[tool.pytest.ini_options]\nimportguard = 'enfroce'\n")

    code, output = suite.run()

    assert code == pytest.ExitCode.USAGE_ERROR
    assert f"importguard = 'enfroce' is none of off, observe, enforce, did you mean 'enforce'? ({place})" in output
