"""From what was typed to what is executed."""

import os
import sys

import pytest

from importguard.cli import main as top
from importguard.cli import run as run_command
from importguard.launch import command as commands
from importguard.launch import target


def script(path, text):
    path.write_text(text)
    path.chmod(0o755)
    return str(path)


@pytest.mark.parametrize(
    ("words", "own", "command"),
    [
        (["python", "-m", "x"], [], ["python", "-m", "x"]),
        (["--", "-weird"], [], ["-weird"]),
        (["--mode", "observe", "python"], ["--mode", "observe"], ["python"]),
        (["--mode=observe", "python"], ["--mode=observe"], ["python"]),
        (["--no-supervisor", "-m", "pytest", "-q"], ["--no-supervisor"], ["-m", "pytest", "-q"]),
        (["--records", "-", "-c", "pass"], ["--records", "-"], ["-c", "pass"]),
        (["--policy", "a", "--", "--policy", "b"], ["--policy", "a"], ["--policy", "b"]),
        (["x", "--mode", "observe"], [], ["x", "--mode", "observe"]),
        (["--help"], ["--help"], []),
    ],
)
def test_the_command_begins_where_the_options_end(words, own, command):
    """What comes after the command's name is the command's own."""
    parser, subparsers = top._parser()
    run_command.add(subparsers)

    assert run_command.split(subparsers.choices["run"], words) == (own, command)


@pytest.mark.parametrize(
    ("line", "interpreter", "flags"),
    [
        ("#!/usr/bin/python3 -Es", "/usr/bin/python3", ("-Es",)),
        ("#!/usr/bin/env python3", "python3", ()),
        ("#!/usr/bin/env -S python3 -I", "python3", ("-I",)),
        ("#! /opt/my/python3.12", "/opt/my/python3.12", ()),
        ("#!/bin/sh\n'''exec' \"/a b/bin/python\" \"$0\" \"$@\"", "/a b/bin/python", ()),
        ("#!/bin/sh\n'''exec' /very/long/bin/python3 \"$0\" \"$@\"", "/very/long/bin/python3", ()),
        ("#!/bin/bash\nexec python", "", ()),
        ("#!", "", ()),
        ("\x7fELF", "", ()),
    ],
)
def test_the_interpreter_of_a_script(tmp_path, line, interpreter, flags):
    """Every way in which installers write the first line."""
    assert commands.read_shebang(script(tmp_path / "tool", line + "\n")) == (interpreter, flags)


@pytest.mark.parametrize("name", ["python", "python3", "python3.13", "python3.13t", "pypy3", "/a/b/python3.11d"])
def test_interpreters_are_known_by_name(name):
    """Every name that CPython and PyPy are installed under."""
    assert commands.is_python_name(name)


@pytest.mark.parametrize("name", ["python-config", "python3-config", "ipython", "pythonista", "pypy-tool", "bpython3"])
def test_other_programs_are_no_interpreters(name):
    """A name that only looks like one is a program like any other."""
    assert not commands.is_python_name(name)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["-m", "pytest", "-q"], ("", "module", "pytest")),
        (["-Im", "pytest"], ("I", "module", "pytest")),
        (["-mpytest"], ("", "module", "pytest")),
        (["-X", "dev", "-Wignore", "-u", "app.py", "-I"], ("u", "script", "app.py")),
        (["-sE", "-c", "pass"], ("sE", "code", "pass")),
        (["--check-hash-based-pycs", "always", "x.py"], ("", "script", "x.py")),
        ([], ("", "stdin", "")),
        (["-"], ("", "stdin", "")),
    ],
)
def test_the_arguments_of_an_interpreter(words, expected):
    """Options in clusters, values apart or attached, and what it is that runs."""
    command = commands.Command("/usr/bin/python3", ("python3", *words), "/usr/bin/python3", "")

    arguments = commands.python_arguments(command)

    assert (arguments.options, arguments.kind, arguments.operand) == expected


def test_the_name_is_kept_as_it_was_typed(tmp_path):
    """A program sees itself called as the user called it."""
    path = script(tmp_path / "tool", "#!/bin/sh\n")

    command = commands.resolve(["tool", "x"], {"PATH": str(tmp_path)})

    assert (command.path, command.argv) == (path, ("tool", "x"))


def test_a_script_of_ones_own_runs_on_the_active_interpreter(tmp_path, monkeypatch):
    """script.py that can't be executed itself."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "app.py").write_text("")
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "python").symlink_to(sys.executable)

    command = commands.resolve(["app.py", "x"], {"VIRTUAL_ENV": str(tmp_path)})

    assert command.argv == (str(tmp_path / "bin" / "python"), "app.py", "x")


def test_the_owner_of_the_command_that_was_typed_is_the_program(tmp_path):
    """Console script, module and shim lead to the same distribution; a script of the project's own to none."""
    info = tmp_path / "lib" / f"python{sys.version_info[0]}.{sys.version_info[1]}" / "site-packages"
    (info / "Tool_Kit-1.dist-info").mkdir(parents=True)
    (info / "Tool_Kit-1.dist-info" / "METADATA").write_text("Name: Tool_Kit\nVersion: 1\n")
    (info / "Tool_Kit-1.dist-info" / "RECORD").write_text("toolkit/__init__.py,,\n../../../bin/tool,,\n")
    (tmp_path / "bin").mkdir()
    (tmp_path / "pyvenv.cfg").write_text(f"home = {os.path.dirname(sys.executable)}\n")
    (tmp_path / "bin" / "python").symlink_to(os.path.realpath(sys.executable))
    python = str(tmp_path / "bin" / "python")
    tool = script(tmp_path / "bin" / "tool", f"#!{python}\n")
    own = script(tmp_path / "own.py", f"#!{python}\n")

    def program(*words):
        environment = {"PATH": f"{tmp_path}/bin"}
        return target.look(commands.resolve(words, environment), environment, folder=str(tmp_path)).program

    assert program(tool) == program("tool") == program(python, tool) == program(python, "-m", "toolkit") == "tool-kit"
    assert program(own) == program(python, "-c", "pass") == ""


def test_the_project_is_the_nearest_marked_folder(tmp_path):
    """Upwards from the working directory; a home folder is nobody's project."""
    deep = tmp_path / "project" / "src" / "deep"
    deep.mkdir(parents=True)
    (tmp_path / "project" / "pyproject.toml").write_text("")
    (tmp_path / "setup.py").write_text("")

    assert target.project_root(str(deep), "") == str(tmp_path / "project")
    assert target.project_root(str(tmp_path / "other"), str(tmp_path)) == str(tmp_path / "other")
