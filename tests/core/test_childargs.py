"""Children: the guard gets into their environment, and options that would shut it out are put in other words."""

import sys

import pytest

from importguard.childargs import guard_child
from importguard.session import VARIABLE, decode_spawn

SPAWN = {"session": "/s/session.bin", "ahead": "/ig/ahead", "phase": "import", "kind": "distribution", "name": "litellm"}


def guarded(argv, env=()):
    return guard_child(argv, dict(env), SPAWN)


def test_the_guard_goes_first_on_the_path():
    """PYTHONPATH of the child starts with the guard's folder and keeps what was there."""
    argv, env = guarded(["/usr/bin/python3", "-c", "1"], {"PYTHONPATH": "/x:/y"})

    assert argv == ["/usr/bin/python3", "-c", "1"]
    assert env["PYTHONPATH"] == "/ig/ahead:/x:/y"


def test_the_blame_of_the_spawn_travels_along():
    """The child is told on whose behalf it runs."""
    _, env = guarded(["/usr/bin/python3"])

    told = decode_spawn(env[VARIABLE])
    assert (told["name"], told["phase"], told["pythonpath"]) == ("litellm", "import", "")


def test_a_forged_blame_is_replaced():
    """What the caller put into the guard's own variables is dropped."""
    _, env = guarded(["/usr/bin/python3"], {VARIABLE: "forged", VARIABLE + "_HELD_X": "forged"})

    assert decode_spawn(env[VARIABLE])["session"] == "/s/session.bin"
    assert VARIABLE + "_HELD_X" not in env


@pytest.mark.parametrize(
    ("options", "kept", "flags"),
    [
        (["-I"], ["-P", "-s"], "I"),
        (["-E"], [], "E"),
        (["-IS"], ["-P", "-s", "-S"], "I"),
        (["-I", "-S"], ["-P", "-s", "-S"], "I"),
        (["-bIE"], ["-P", "-s", "-b"], "IE"),
        (["-X", "dev", "-I"], ["-P", "-s", "-X", "dev"], "I"),
        (["-Wignore", "-E"], ["-Wignore"], "E"),
    ],
)
def test_isolation_is_put_in_other_words(options, kept, flags):
    """-I and -E would overlook PYTHONPATH; what they do otherwise stays."""
    argv, env = guarded([sys.executable, *options, "-c", "-I"])

    assert argv == [sys.executable, *kept, "-c", "-I"]
    assert decode_spawn(env[VARIABLE])["flags"] == flags


def test_isolation_may_stand_before_a_command_in_one_word():
    """`-Ic CODE` is -I and -c."""
    argv, _ = guarded([sys.executable, "-Ic", "print(1)"])

    assert argv == [sys.executable, "-P", "-s", "-c", "print(1)"]


@pytest.mark.parametrize("argv", [["python", "-c", "x", "-I"], ["python", "script.py", "-E"], ["python", "-m", "m", "-I"]])
def test_options_of_the_program_are_its_own(argv):
    """What stands behind the script, the module or the code is not the interpreter's."""
    assert guarded(argv)[0] == argv


def test_variables_that_isolation_hides_are_put_aside():
    """PYTHON* variables don't reach an isolated child, and are kept for its own children."""
    _, env = guarded(["/usr/bin/python3", "-E", "x.py"], {"PYTHONHOME": "/nowhere", "OTHER": "1"})

    assert "PYTHONHOME" not in env
    assert env[VARIABLE + "_HELD_PYTHONHOME"] == "/nowhere"
    assert env["OTHER"] == "1"


@pytest.mark.parametrize("first", ["#!{python} -I", "#!/usr/bin/env -S {python} -E"])
def test_a_script_that_asks_for_isolation_is_started_through_its_interpreter(tmp_path, first):
    """The flags in a script's first line count as well."""
    script = tmp_path / "tool"
    script.write_text(first.format(python=sys.executable) + "\nprint(1)\n")

    argv, env = guarded([str(script), "a"])

    assert argv[0] == sys.executable
    assert argv[-2:] == [str(script), "a"]
    assert decode_spawn(env[VARIABLE])["flags"] in ("I", "E")


def test_another_program_is_left_as_it_is(tmp_path):
    """A script without such flags, and a program that is none, keep their arguments."""
    script = tmp_path / "tool"
    script.write_text(f"#!{sys.executable}\n")

    assert guarded([str(script), "-I"])[0] == [str(script), "-I"]
    assert guarded(["/bin/ls", "-I", "x"])[0] == ["/bin/ls", "-I", "x"]


@pytest.mark.parametrize("options", [["-i"], ["-"], ["-i", "A=1"], ["-u", "PYTHONPATH"], ["--unset=PYTHONPATH"], ["-C", "/", "-i"]])
def test_env_that_clears_the_environment_sets_the_guard_again(options):
    """`env -i python` is guarded: the variables are put in front of its command."""
    argv, env = guarded(["/usr/bin/env", *options, "python3", "-c", "1"])

    own = [f"PYTHONPATH={env['PYTHONPATH']}", f"{VARIABLE}={env[VARIABLE]}"]
    assert argv == ["/usr/bin/env", *options, *own, "python3", "-c", "1"]


@pytest.mark.parametrize("argv", [["/usr/bin/env", "python3"], ["/usr/bin/env", "A=1", "ls"], ["/usr/bin/env", "-i"]])
def test_env_that_clears_nothing_is_left_as_it_is(argv):
    """Nothing is added where nothing is lost."""
    assert guarded(argv)[0] == argv
