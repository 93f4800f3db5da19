"""What isn't Python: the object is in its memory and changes nothing."""

import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest
from support import guarded, wheels

COMMANDS = {
    "ls": ["ls", "/"],
    "ls of nothing": ["ls", "/nowhere"],
    "true": ["true"],
    "false": ["false"],
    "sh": ["sh", "-c", "echo out; echo err >&2; exit 7"],
    "bash": ["bash", "-c", "set -e; (echo a; echo b) | sort -r; kill -TERM $$"],
    "git": ["git", "--version"],
    "perl": ["perl", "-e", "print 6 * 7; exit 3"],
    "awk": ["awk", "BEGIN { print 6 * 7; exit 4 }"],
    "make": ["make", "--version"],
    "node": ["node", "-e", "console.log(6 * 7)"],
    "pipes": ["sh", "-c", "seq 100 | grep 7 | sort -rn | head -n 3"],
}
LINKED_STATICALLY = "int main(void) { return 5; }"
SAYS = 'int printf(const char *, ...);\nint main(void) { return printf("%d\\n", 42) - 3; }'


def ended(command, **variables):
    environment = {"PATH": os.defpath, "LANG": "C.UTF-8", "HOME": "/nowhere", **variables}
    done = subprocess.run(command, env=environment, capture_output=True, timeout=20)
    return done.returncode, done.stdout, done.stderr


@pytest.fixture
def told(preload):
    """The variables of a process that is told of a session; no program that isn't Python may care that there is none."""
    return {"LD_PRELOAD": preload, "_IMPORTGUARD": "/nowhere/session.bin" + "\x1f" * 10 + "enforce"}


@pytest.mark.parametrize("name", COMMANDS)
def test_a_program_ends_as_it_would_alone(name, told):
    """Exit status and both outputs are the same, byte for byte."""
    command = COMMANDS[name]
    if shutil.which(command[0], path=os.defpath) is None:
        pytest.skip(f"needs {command[0]} in {os.defpath}")

    assert ended(command, **told) == ended(command)


@pytest.mark.parametrize("flags", [[], ["-static"], ["-pie", "-Wl,-z,now"]], ids=["dynamic", "static", "bound at once"])
def test_a_program_of_any_linkage_ends_as_it_would_alone(flags, told, tmp_path, compiler):
    """A program whose loader takes no LD_PRELOAD, and one whose symbols are bound at its start, run as ever."""
    for source in (LINKED_STATICALLY, SAYS):
        try:
            program = wheels.compile_c(source, tmp_path / "program", *flags)
        except subprocess.CalledProcessError:
            pytest.skip(f"the compiler can't link with {flags}")

        assert ended([program], **told) == ended([program])


def test_a_process_that_was_told_of_no_session_is_left_alone(preload, every_environment):
    """The object alone guards nobody: an interpreter that has it and no session runs as it is."""
    command = [every_environment.python, "-I", "-c", "import sys; print(sorted(m for m in sys.modules if 'importguard' in m))"]

    assert ended(command, LD_PRELOAD=preload) == (0, b"[]\n", b"")


def test_a_program_below_a_guarded_one_says_nothing_of_a_loader(world):
    """Whatever a guarded program starts, directly and through a shell, nothing is written to standard error."""
    (world.project / "app.py").write_text(
        "import os, subprocess\n"
        "for environment in (None, {}, {'PATH': os.defpath}):\n"
        "    subprocess.run(['/bin/sh', '-c', 'ls / >/dev/null; cat /dev/null | sort'], env=environment, check=True)\n"
        "os.system('ls / > /dev/null')\n"
    )

    outcome = guarded.run(world, [world.environment.python, "app.py"])

    assert (outcome.returncode, outcome.stdout, outcome.stderr) == (0, "", ""), outcome.story()


def test_an_object_that_has_gone_is_named_to_nobody(world, preload, tmp_path):
    """A process whose importguard was taken away starts others without LD_PRELOAD: their loader doesn't complain."""
    package = Path(preload).parents[1]
    copy = tmp_path / "copy" / "importguard"
    shutil.copytree(package, copy, ignore=shutil.ignore_patterns("__pycache__"))
    (world.project / "app.py").write_text(
        "import os, subprocess\n"
        f"os.rename({str(copy / 'preload')!r}, {str(copy / 'gone')!r})\n"
        "subprocess.run(['/bin/ls', '/dev/null'], check=True)\nos.system('/bin/true')\n"
    )
    launcher = [sys.executable, "-I", "-S", str(copy / "launch" / "launcher.py"), sysconfig.get_path("purelib")]
    command = [*launcher, "run", "--records", str(tmp_path / "r.jsonl"), "--", world.environment.python, "app.py"]
    done = subprocess.run(command, env=world.variables(), cwd=world.project, capture_output=True, text=True, timeout=60)

    assert (done.returncode, done.stdout, done.stderr) == (0, "/dev/null\n", "")
