"""Interpreters that can't be guarded: not started below a guarded process, and left alone when it only observes."""

import subprocess
from pathlib import Path

import pytest
from support import guarded

OLD = ["2.7", "3.6", "3.10"]


def find(version):
    for path in sorted(Path.home().glob(f".pyenv/versions/{version}.*/bin/python")):
        return path
    pytest.skip(f"needs Python {version} in ~/.pyenv/versions")


@pytest.mark.parametrize("version", OLD)
@pytest.mark.parametrize(("mode", "ran"), [(guarded.RECOMMENDED, False), (guarded.OBSERVE, True)])
def test_an_interpreter_that_is_too_old(world, version, mode, ran):
    """Refused with one line and exit status 3; under observe it runs as it is."""
    python = find(version)
    (world.project / "app.py").write_text(
        f"import subprocess\nprint(subprocess.run([{str(python)!r}, '-c', 'print(6 * 7)']).returncode, flush=True)\n"
    )

    outcome = guarded.run(world, [world.environment.python, "app.py"], mode=mode)

    assert ("42" in outcome.stdout) is ran, outcome.story()
    assert ("IG302" in outcome.stderr) is not ran
    assert outcome.stdout.endswith("0\n" if ran else "3\n")


def test_the_old_interpreters_work_alone():
    """What the refusal is measured against: each of them prints what it is asked to."""
    for version in OLD:
        done = subprocess.run([find(version), "-c", "print(6 * 7)"], capture_output=True, text=True)
        assert done.stdout == "42\n"
