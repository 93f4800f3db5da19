"""The session of a program that arms itself: there for as long as somebody needs it, and no longer."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from support import guarded

ROOT = Path(__file__).resolve().parents[2]
ARMS = "import importguard, os, subprocess, sys; importguard.arm({policy!r}); print(importguard.guard.guard.session['directory'], flush=True)\n"
# Waits to be told, then starts a guarded interpreter.
CHILD = "import os, subprocess, sys; os.read(0, 1); subprocess.run([sys.executable, '-c', 'print(6 * 7)'])"
STARTS = f"subprocess.Popen([sys.executable, '-c', {CHILD!r}])"
FORKS = f"""
if os.fork() == 0:
    if os.fork() == 0:
        {CHILD}
    os._exit(0)
os.wait()
"""
DENIED = 'version = 1\n[application]\ndeny = ["fs.read:$secrets", "fs.write:$persistence"]\n'


class Armed:
    """A program that has armed itself, and does something else then; `session` is the folder of its session."""

    def __init__(self, folder, core, then="", policy=None):
        self.environ = {"PATH": os.defpath, "HOME": str(folder), "PYTHONPATH": str(ROOT), "IMPORTGUARD_CORE": core}
        self.process = subprocess.Popen(
            [sys.executable, "-c", ARMS.format(policy=policy) + then], env=self.environ, cwd=folder, text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip
        self.session = Path(self.process.stdout.readline().strip()).parent

    def go_on(self):
        """Tell whoever waits, and return what all of them have printed."""
        return "".join(self.process.communicate("\n", timeout=60))


@pytest.fixture(params=["c", "py"])
def core(request):
    return request.param


def test_session_goes_with_its_program(tmp_path, core):
    """Nothing is left behind where nobody else came of the program."""
    armed = Armed(tmp_path, core)

    assert (armed.go_on(), armed.process.returncode) == ("", 0)
    assert not armed.session.exists()


def test_session_of_a_program_that_runs_is_not_swept(tmp_path, core):
    """A later run that looks for orphans leaves the session of a program that started long ago, which can start children."""
    armed = Armed(tmp_path, core, CHILD)
    os.utime(armed.session, (0, 0))

    subprocess.run([*guarded.launcher(), "run", "--", "true"], env=armed.environ, cwd=tmp_path, check=True, timeout=60)

    assert armed.session.exists()
    assert armed.go_on() == "42\n"


@pytest.mark.parametrize("leaves", [STARTS, FORKS], ids=["started", "forked"])
def test_session_stays_for_who_outlives_the_program(tmp_path, core, leaves):
    """A child, or a daemon that was forked off, can still start guarded interpreters when the program has ended."""
    armed = Armed(tmp_path, core, leaves)
    assert armed.process.wait(30) == 0

    assert armed.session.exists()
    assert armed.go_on() == "42\n"


def test_fork_that_ends_takes_nothing_along(tmp_path, core):
    """Exit functions run in a fork as well, while the program goes on."""
    armed = Armed(tmp_path, core, f"if os.fork() == 0: sys.exit()\nos.wait()\n{CHILD}")

    assert armed.go_on() == "42\n"


def test_program_that_may_not_remove_it_is_refused_nothing(tmp_path, core):
    """Where a policy keeps the application from the guard's own files, the session is left to the next run without a denial."""
    (tmp_path / "importguard.toml").write_text(DENIED)
    armed = Armed(tmp_path, core, policy="importguard.toml")

    assert (armed.go_on(), armed.process.returncode) == ("", 0)
    assert armed.session.exists()
