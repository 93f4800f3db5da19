"""What a test does to the process while it runs: its report comes all the same, and judges by what held before."""

import pytest
from support.suites import outcomes

PATCHED = """
import subprocess, sys
import pytest, {module}

def test_patches(monkeypatch):
    subprocess.run([sys.executable, "-c", "import acme_thief; acme_thief.steal()"], check=True)
    def broken(*arguments, **named):
        raise RuntimeError("patched")
    monkeypatch.setattr({module}, "{name}", broken)

def test_after():
    pass
"""
MOVED = """
import acme_thief, os, pytest

@pytest.mark.importguard(expect=["fs.read:$secrets"])
def test_first(tmp_path):
    os.mkdir(tmp_path / "gone")
    os.chdir(tmp_path / "gone")
    os.rmdir(tmp_path / "gone")
    acme_thief.steal()
"""
HOMES = """
import acme_thief, os, pytest
real = os.environ["HOME"]

@pytest.mark.importguard(expect=["fs.read:~/.ssh/id_rsa"])
def test_first(monkeypatch, tmp_path):
    acme_thief.steal()
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)

@pytest.mark.importguard(expect=["fs.read:~/.ssh/id_rsa"])
def test_second():
    acme_thief.steal()
"""


@pytest.mark.parametrize("name", ["time.time_ns", "os.stat", "os.listdir", "os.open", "os.fstat", "builtins.sorted", "builtins.map", "json.loads"])
def test_report_comes_under_a_tests_patch(suite, name):
    """What a child was refused is told although what finds it is broken just then."""
    module, _, function = name.rpartition(".")
    suite.write(test_it=PATCHED.format(module=module, name=function))

    code, output = suite.run("--importguard", "--tb=short")

    assert "INTERNALERROR" not in output, output
    assert (code, outcomes(output)) == (1, {"test_it.py::test_patches": "FAILED", "test_it.py::test_after": "PASSED"}), output


def test_marker_holds_where_there_is_no_folder(suite):
    """A test that has left its folder, and removed it, is judged by the one of the run."""
    suite.write(test_it=MOVED)

    code, output = suite.run("--importguard")

    assert (code, outcomes(output)) == (0, {"test_it.py::test_first": "PASSED"}), output


def test_marker_names_the_home_of_the_run(suite):
    """The first marker that is judged, under a home and a folder of its test's own, changes nothing for the next."""
    suite.write(test_it=HOMES)

    code, output = suite.run("--importguard")

    assert (code, set(outcomes(output).values())) == (0, {"PASSED"}), output
