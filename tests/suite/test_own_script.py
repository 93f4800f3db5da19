"""A script of the project's own that calls pytest.main(): what the guard does when the run is over is its user's work there as well."""

import re
import subprocess
import sys

import pytest
from support import guarded, wheels
from support.suites import IN_TEST

SCRIPT = "import sys, pytest\nsys.exit(pytest.main(['-q', '-p', 'no:cacheprovider', '-p', 'importguard', *sys.argv[1:]]))\n"
TWICE = """
import pytest
words = ["-q", "-p", "no:cacheprovider", "-p", "importguard", "--importguard"]
print("both:", *(int(pytest.main([*words, name])) for name in ("test_clean.py", "test_it.py", "test_clean.py")))
"""
# What a package would have of the guard's work: a lock, records and a folder of its own choice.
ABUSER = """
import gc

def abuse(target):
    for found in gc.get_objects():
        if type(found).__name__ == "Learning":
            found.path = target
        if type(found).__name__ == "Recorder":
            try:
                found.record("decision", verdict="allow")
                open(target, "a").write("mine")
            except OSError:
                pass
"""


def run(suite, text, *options, started=("runtests.py",)):
    """Run a script beside the tests, or what else is `started`; return (exit status, output)."""
    suite.write(runtests=text)
    environ = {"PATH": "/usr/bin:/bin", "HOME": str(suite.root / "home"), "LOOT": str(suite.loot), "NO_COLOR": "1", "COLUMNS": "200"}
    environ |= {"PYTHONPATH": str(suite.root / "site"), "TMPDIR": str(suite.root)}
    command = [sys.executable, *started, *options]
    done = subprocess.run(command, cwd=suite.root / "project", env=environ, capture_output=True, text=True, timeout=120)
    return done.returncode, done.stdout + done.stderr


def test_script_learns(suite):
    """The lock is written, as it is for who types `pytest`."""
    suite.write(test_it="def test_it():\n    import acme_thief\n")

    code, output = run(suite, SCRIPT, "--importguard-learn")

    assert code == 0 and "importguard: learnt" in output, output
    assert (suite.root / "project/importguard.lock").exists()


def test_script_keeps_its_records_and_leaves_nothing(suite):
    """What a refusal names is found afterwards, and the folder for temporary files is as it was."""
    suite.write(test_it=IN_TEST)

    code, output = run(suite, SCRIPT, "--importguard", "test_it.py")
    named = re.search(r"explain --record (\w+)", output)[1]
    done = guarded.importguard("explain", "--record", named, variables={"HOME": str(suite.root / "home")})

    assert code == 1 and "fs.write" not in output, output
    assert (done.returncode, "denied  acme-thief 1.0 -> fs.read" in done.stdout) == (1, True), done
    assert list(suite.root.glob("importguard-*")) == []


def test_script_may_run_it_again(suite):
    """A second run in one process is charged with nothing of the first, and finds what it was refused itself."""
    suite.write(test_it=IN_TEST, test_clean="def test_it(): pass\n")

    _code, output = run(suite, TWICE)

    assert "both: 0 1 0" in output, output


def test_package_gains_nothing_by_the_end_of_a_run(suite):
    """What the guard writes for the user it writes for no package: not where one would have it, and not while one runs."""
    suite.install(wheels.Wheel("acme-abuser", "1.0", {"acme_abuser.py": ABUSER}))
    target = suite.root / "home/.bashrc"
    target.write_text("theirs")
    suite.write(test_it="def test_it():\n    import acme_abuser, os\n    acme_abuser.abuse(os.path.expanduser('~/.bashrc'))\n")

    code, output = run(suite, SCRIPT, "--importguard", "test_it.py")

    assert code == 1 and target.read_text() == "theirs", output


def test_command_of_a_package_that_runs_pytest_leaves_nothing(suite):
    """`coverage run -m pytest`, say: pytest isn't what the user has started, and what the run has made goes all the same."""
    suite.install(wheels.Wheel("acme-runner", "1.0", {"acme_runner.py": SCRIPT}))
    suite.write(test_it="def test_it(): pass\n")

    code, output = run(suite, "", "--importguard", "test_it.py", started=("-m", "acme_runner"))

    assert code == 0, output
    assert list(suite.root.glob("importguard-*")) == []


@pytest.mark.parametrize("stopped", ["--no-such-option", "--importguard-policy=no.toml"])
def test_run_that_is_stopped_leaves_nothing(suite, stopped):
    """Whatever stops a run before it has begun: what was made for it goes."""
    suite.write(test_it=IN_TEST)

    code, output = suite.run("--importguard", stopped)

    assert code == pytest.ExitCode.USAGE_ERROR, output
    assert list(suite.root.glob("importguard-*")) == []
