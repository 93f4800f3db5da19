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


CLEARING = {
    "-vi": ["-vi"],
    "--ignore-env": ["--ignore-env"],
    "--unset": ["--uns", "PYTHONPATH"],
    "-iu": ["-iuHOME"],
    "--": ["-i", "--"],
    "behind a value": ["-C", "-x", "-i"],
    "set to nothing": ["LD_PRELOAD=", "PYTHONPATH=", f"{VARIABLE}="],
    "-a": ["-a", "other", "-i"],
}


@pytest.mark.parametrize("before", [[], ["timeout", "5"], ["/usr/bin/timeout", "-k", "3", "--sig", "TERM", "5"], ["nice"], ["nice", "-n", "5"],
                                    ["nohup", "setsid", "-w"], ["stdbuf", "-o", "L"], ["env", "A=1"]])  # fmt: skip
@pytest.mark.parametrize("way", CLEARING)
def test_what_is_spelled_otherwise_is_seen(way, before):
    """Clusters, abbreviations and values, also behind another program that starts one."""
    argv, _ = guarded([*before, "env", *CLEARING[way], "python3", "-c", "1"])

    start = [*before, "env", *CLEARING[way]]
    assert argv[: len(start)] == start
    assert argv[len(start)] == "PYTHONPATH=/ig/ahead"
    assert argv[len(start) + 1].startswith(f"{VARIABLE}=")
    assert argv[len(start) + 2 :] == ["python3", "-c", "1"]


SPLIT = {
    "-S": (["-S", "-i A=1 python3 -c 'a b'"], ["-i", "A=1"]),
    "in one word": (["-S-i A=1 python3 -c 'a b'"], ["-i", "A=1"]),
    "behind letters": (["-iS", "A=1 python3 -c 'a b'"], ["-i", "A=1"]),
    "in a long option": (["--split=-i A=1 python3 -c \"a b\""], ["-i", "A=1"]),
    "in a word of its own": (["--split-string", "-i", "A=1", "python3", "-c", "a b"], ["-i", "A=1"]),
}


@pytest.mark.parametrize("way", SPLIT)
def test_a_line_for_env_is_taken_apart(way):
    """-S puts words in the place of one."""
    options, kept = SPLIT[way]

    argv, _ = guarded(["env", *options, "x"])

    assert argv[: len(kept) + 2] == ["env", *kept, "PYTHONPATH=/ig/ahead"]
    assert argv[-4:] == ["python3", "-c", "a b", "x"]


def test_what_the_user_sets_on_the_way_is_kept():
    """Paths that are set by `env` come after the guard's, and what it clears isn't brought back."""
    argv, _ = guarded(["env", "-i", "PYTHONPATH=/mine", "python3"], {"PYTHONPATH": "/other"})
    assert "PYTHONPATH=/ig/ahead:/mine" in argv

    argv, _ = guarded(["env", "-i", "python3"], {"PYTHONPATH": "/other"})
    assert "PYTHONPATH=/ig/ahead" in argv


def test_a_script_whose_first_line_clears_the_environment(tmp_path):
    """It is started as the kernel does, through `env`."""
    script = tmp_path / "tool"
    script.write_text("#!/usr/bin/env -S -i A=1 python3\nprint(1)\n")

    argv, _ = guarded([str(script), "x"])

    assert argv[:4] == ["/usr/bin/env", "-i", "A=1", "PYTHONPATH=/ig/ahead"]
    assert argv[-3:] == ["python3", str(script), "x"]


@pytest.mark.parametrize("argv", [["/usr/bin/env", "python3"], ["/usr/bin/env", "A=1", "ls"], ["/usr/bin/env", "-i"], ["timeout", "5", "ls", "-i"],
                                  ["env", "-S", "A=1 ls $HOME"], ["env", "-S", "-i ls 'x"], ["env", "ls", "-i"], ["env", "-u"]])  # fmt: skip
def test_env_that_clears_nothing_is_left_as_it_is(argv):
    """Nothing is added where nothing is lost."""
    assert guarded(argv)[0] == argv
