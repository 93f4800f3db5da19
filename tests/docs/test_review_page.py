"""The page about reviewing a bump does what it says: its lines run in order in a repository, with a real bump half-way."""

import os
import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest
from support import envs, guarded, wheels

PAGE = Path(__file__).parents[2] / "docs/how-to/review.md"
FENCE = re.compile(r"^```(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)
EXIT = re.compile(r"\s+# exit (\d)$")
BUMPED = "## 2. "
OLDER = "def paint(): return 'red'\n"
NEWER = """
import os, socket

try:
    open(os.path.expanduser("~/.ssh/id_rsa")).close()
except OSError:
    pass

def paint():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        socket.create_connection(listener.getsockname(), 5).close()
    return 'red'
"""
TEST = """
import unittest, acme_colours

class Case(unittest.TestCase):
    def test_paint(self):
        self.assertEqual(acme_colours.paint(), "red")
"""


@pytest.fixture
def repository(tmp_path, empty_environment):
    """A git repository with a test of acme-colours 1.0, which is installed beside it, and the variables of a shell."""
    if shutil.which("git") is None:
        pytest.skip("needs git")
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "test_colours.py").write_text(TEST)
    (folder / ".gitignore").write_text(".venv\n__pycache__\n")
    (tmp_path / ".ssh").mkdir()
    (tmp_path / ".ssh/id_rsa").write_text("a canary")
    environment = envs.copy(empty_environment, folder / ".venv")
    install(environment, "1.0", OLDER, tmp_path)
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "importguard").write_text(f'#!/bin/sh\nexec {shlex.join(map(str, guarded.launcher()))} "$@"\n')
    (programs / "importguard").chmod(0o755)
    path = os.pathsep.join([str(programs), str(environment.python.parent), os.defpath])
    variables = {"PATH": path, "HOME": str(tmp_path), "LANG": "C.UTF-8"}
    for line in ("git init -q -b main", "git config user.email a@example.com", "git config user.name Ada"):
        shell(line, folder, variables)
    return folder, variables, environment


def install(environment, version, source, tmp_path):
    wheel = wheels.Wheel("acme-colours", version, {"acme_colours.py": source})
    envs.install(environment, wheel, folder=tmp_path / "wheels")


def shell(line, folder, variables):
    """Run a line, which must end with the exit status that it shows, and return what it printed."""
    done = subprocess.run(["sh", "-c", line], cwd=folder, env=variables, capture_output=True, text=True, timeout=120)
    expected = EXIT.search(line)
    assert done.returncode == (int(expected[1]) if expected else 0), f"{line}\n{done.stdout}{done.stderr}"
    return done.stdout


def test_the_page_about_reviews_runs(repository, tmp_path):
    """Each line ends as it shows, the difference is the one that is printed there, and each policy is valid."""
    folder, variables, environment = repository
    before, after = PAGE.read_text().split(BUMPED)
    said = []

    for part in (before, after):
        for language, text in FENCE.findall(part):
            if language == "toml":
                (folder / "importguard.toml").write_text(text)
                (folder / "importguard.next.toml").write_text("version = 1\n")
                text = "importguard check --policy importguard.toml\n"
            if language == "text":
                assert text == said[-1]
            said += [shell(line, folder, variables) for line in text.splitlines() if language in ("sh", "toml")]
        if part is before:
            shell("git checkout -q -b bump", folder, variables)
            install(environment, "1.1", NEWER, tmp_path)
