"""An interpreter that was told of a session and can't be guarded is ended; under observe it runs as it is."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from support import guarded

PRINTS = "print(6 * 7)"
OLD = ("2.7", "3.6", "3.7", "3.8", "3.9", "3.10")
SHELL = "import subprocess, sys\nprint(subprocess.run([{python!r} + ' {options} -c \"print(6 * 7)\"'], shell=True).returncode)\n"


def told(mode, session="/nowhere/session.bin"):
    """Return the value of the variable that names a session."""
    return "\x1f".join([session, "run", "app", "", "", "", "", "", "", "", mode])


def ended(python, *options, **variables):
    command = [python, *options, "-c", PRINTS]
    done = subprocess.run(command, env={"PATH": os.defpath, **variables}, capture_output=True, text=True, timeout=20)
    return done.returncode, done.stdout, done.stderr


@pytest.fixture
def without_ahead(preload, tmp_path):
    """The path of a copy of the object that has no guard beside it."""
    (tmp_path / "preload").mkdir()
    return shutil.copy(preload, tmp_path / "preload")


@pytest.mark.parametrize("options", [["-I"], ["-I", "-S"], ["-X", "dev"]])
def test_an_interpreter_that_passes_the_guard_over_is_ended(options, without_ahead, every_interpreter):
    """Where the guard is not what `encodings` is taken from, one line says so, and the exit status is 3."""
    variables = {"LD_PRELOAD": without_ahead, "_IMPORTGUARD": told("enforce")}

    status, out, err = ended(every_interpreter.path, *options, **variables)

    assert (status, out) == (3, "")
    assert err == "importguard IG301: this interpreter has passed the guard over; nothing was started\n"


def test_an_interpreter_that_passes_the_guard_over_runs_where_it_is_only_observed(without_ahead, every_interpreter):
    """Under observe nothing is refused."""
    variables = {"LD_PRELOAD": without_ahead, "_IMPORTGUARD": told("observe")}

    assert ended(every_interpreter.path, "-I", **variables) == (0, "42\n", "")


def test_a_session_that_has_gone_ends_the_interpreter(preload, every_interpreter):
    """An isolated interpreter whose session can't be read is refused as one that reads PYTHONPATH is."""
    status, out, err = ended(every_interpreter.path, "-I", LD_PRELOAD=preload, _IMPORTGUARD=told("enforce"))

    assert (status, out) == (3, "")
    assert err.startswith("importguard IG301: the guard can't be armed") and err.count("\n") == 1


def test_an_object_that_loses_its_name_leaves_the_interpreter_alone(preload, every_interpreter, tmp_path):
    """Under another name than its own the object can't tell where the guard is, and PYTHONPATH alone brings it in."""
    other = shutil.copy(preload, tmp_path / "other.so")

    assert ended(every_interpreter.path, "-I", LD_PRELOAD=other, _IMPORTGUARD=told("enforce")) == (0, "42\n", "")


@pytest.mark.parametrize("version", OLD)
@pytest.mark.parametrize("options", ["-sE", "-Wonce -W ignore -E"])
@pytest.mark.parametrize(("mode", "ran"), [(guarded.RECOMMENDED, False), (guarded.OBSERVE, True)])
def test_an_isolated_interpreter_that_is_too_old(version, options, mode, ran, world):
    """Behind a shell it is refused with one line and exit status 3; under observe it runs as it is."""
    python = next(iter(sorted(Path.home().glob(f".pyenv/versions/{version}.*/bin/python"))), None)
    if python is None:
        pytest.skip(f"needs Python {version} in ~/.pyenv/versions")
    (world.project / "app.py").write_text(SHELL.format(python=str(python), options=options))

    outcome = guarded.run(world, [world.environment.python, "app.py"], mode=mode)

    assert outcome.stdout == ("42\n0\n" if ran else "3\n"), outcome.story()
    assert ("IG302" in outcome.stderr) is not ran


@pytest.mark.parametrize("version", OLD[:2])
def test_an_old_interpreter_that_is_only_asked_for_its_version(version, preload):
    """`--version`, and options of the program's own, are no reason to refuse."""
    python = next(iter(sorted(Path.home().glob(f".pyenv/versions/{version}.*/bin/python"))), None)
    if python is None:
        pytest.skip(f"needs Python {version} in ~/.pyenv/versions")
    variables = {"LD_PRELOAD": preload, "_IMPORTGUARD": told("enforce")}

    assert subprocess.run([python, "--version"], env=variables, capture_output=True, timeout=20).returncode == 0
    assert subprocess.run([python, "-c", "0", "-E"], env=variables, capture_output=True, timeout=20).returncode == 0
