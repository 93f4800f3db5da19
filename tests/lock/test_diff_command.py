"""The command diff: its formats, its exit status, and what it looks like on a terminal."""

import io
import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest
from support import guarded

from importguard.cli import main

SCHEMA = Path(__file__).with_name("sarif.schema.json")
OLD = """version = 1
[distribution.litellm."1.82.6"]
run = ["net.connect:api.openai.com:443"]
[distribution.six."1.16.0"]
"""
NEW = """version = 1
[distribution.litellm."1.82.8"]
startup-files = ["sha256:1000000000000000000000000000000000000000000000000000000000000000 litellm_init.pth"]
run = [
  "net.connect:api.openai.com:443",
  "env.read:A[red]B",
]
refused = ["startup:fs.read:$home/.ssh/id_rsa"]
[distribution.six."1.16.0"]
"""


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A project with the newer lock that is the working directory, and the older one beside it."""
    folder = tmp_path / "project"
    (folder / ".git").mkdir(parents=True)
    (folder / "importguard.lock").write_text(NEW)
    (folder / "old.lock").write_text(OLD)
    monkeypatch.chdir(folder)
    monkeypatch.setenv("HOME", str(tmp_path))
    return folder


def run(capsys, *words):
    status = main.main([str(word) for word in ("diff", *words)])
    shown = capsys.readouterr()
    return status, shown.out, shown.err


def test_the_projects_own_lock_is_the_newer_one(project, capsys):
    """NEW needn't be named; who reaches for more is shown in five lines, and the exit status is 1."""
    status, out, _ = run(capsys, "old.lock")

    assert status == 1
    assert out.splitlines() == [
        "litellm 1.82.6 -> 1.82.8  3 new (1 critical, 1 high)",
        "  critical  new, refused        at start-up    fs.read       $home/.ssh/id_rsa",
        "  high      new, start-up file  at start-up    code.run      litellm_init.pth",
        "  low       new                 while running  env.read      A[red]B",
        "1 distribution reaches for more than before: 3 new or widened",
    ]


def test_a_lock_from_standard_input(project, capsys, monkeypatch):
    """What git shows of another branch can be piped in."""
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(NEW.encode())))

    assert run(capsys, "-") == (0, "nothing reaches for more than before\n", "")


def test_less_than_before_is_no_finding(project, capsys):
    """Whoever needs less passes."""
    status, out, _ = run(capsys, "importguard.lock", "old.lock")

    assert (status, out.splitlines()[-1]) == (0, "nothing reaches for more than before")


def test_markdown(project, capsys):
    """A table for the one that reaches for more."""
    status, out, _ = run(capsys, "old.lock", "--format", "markdown")

    assert status == 1
    assert out.startswith("### importguard: 1 distribution reaches for more than before: 3 new or widened\n")
    assert "| 🟥 critical | new, refused | at start-up | `fs.read` | `$home/.ssh/id_rsa` |" in out


def test_json(project, capsys):
    """Every change with its fields."""
    status, out, _ = run(capsys, "old.lock", "--format", "json")

    (litellm,) = json.loads(out)["distributions"]
    assert (status, litellm["before"], litellm["after"]) == (1, ["1.82.6"], ["1.82.8"])
    assert litellm["changes"][0] == {
        "change": "new", "what": "refused", "severity": "critical", "phase": "startup", "capability": "fs.read",
        "target": "$home/.ssh/id_rsa", "was": [],
    }  # fmt: skip


def test_sarif(project, capsys):
    """What is written fits the schema, and each result stands at its line of the lock."""
    jsonschema = pytest.importorskip("jsonschema", reason="needs jsonschema")
    status, out, _ = run(capsys, "old.lock", "--format", "sarif")

    report = json.loads(out)
    validator = jsonschema.Draft202012Validator(json.loads(SCHEMA.read_text()))
    assert [error.message for error in validator.iter_errors(report)] == []
    results = report["runs"][0]["results"]
    found = [(each["level"], each["locations"][0]["physicalLocation"]["region"]["startLine"]) for each in results]
    assert (status, found) == (1, [("error", 8), ("error", 3), ("note", 6)])
    assert {rule["id"] for rule in report["runs"][0]["tool"]["driver"]["rules"]} == {each["ruleId"] for each in results}


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("version = 2", "bad.lock:1: version 2 is not understood"),
        ("version = 1\n[distribution.x.'1']\nrun = ['net.conect']", "bad.lock:3: unknown capability 'net.conect'"),
    ],
)
def test_a_lock_that_can_not_be_read(project, capsys, content, words):
    """File, line and reason, and exit status 2."""
    (project / "bad.lock").write_text(content)

    status, out, err = run(capsys, "old.lock", "bad.lock")

    assert (status, out) == (2, "")
    assert words in err


def test_without_a_lock_of_its_own(project, capsys):
    """A project that has no lock must name one."""
    (project / "importguard.lock").unlink()

    status, _, err = run(capsys, "old.lock")

    assert status == 2
    assert "no importguard.lock here" in err


@pytest.mark.parametrize("variables", [{}, {"NO_COLOR": "1"}])
def test_colours_on_a_terminal_alone(project, variables):
    """The worst is red where colours are wanted; what looks like markup in a name is text."""
    main_end, terminal = pty.openpty()
    environ = {"PATH": os.defpath, "TERM": "xterm", "HOME": os.environ["HOME"], **variables}
    command = [*map(str, guarded.launcher()), "diff", "old.lock"]

    done = subprocess.run(command, env=environ, stdout=terminal, stdin=subprocess.DEVNULL, timeout=60)
    os.close(terminal)
    shown = os.read(main_end, 1 << 16).decode()
    os.close(main_end)

    assert done.returncode == 1
    assert ("\x1b[1;31m" in shown) == (not variables)
    assert "A[red]B" in shown
