"""The README and the tutorial do what they say: their shell examples run, and their links lead somewhere."""

import os
import re
import shlex
import subprocess
import tomllib
from pathlib import Path

import pytest
from support import envs, guarded

PROJECT = Path(__file__).parents[2]
PAGES = [PROJECT / "README.md", PROJECT / "CHANGELOG.md", *sorted((PROJECT / "docs").rglob("*.md"))]
FENCE = re.compile(r"^```(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^)#:]+)\)")
EXIT = re.compile(r"\s+# exit (\d)$")
# The gate runs these two themselves, from a fresh clone.
MADE = ("make demo", "make test")


def blocks(page, language):
    return [text for found, text in FENCE.findall(page.read_text()) if found == language]


def examples(page):
    """Return the shell blocks of a page as lists of command lines, without those that the gate runs itself."""
    lines = [[line for line in text.splitlines() if line not in MADE] for text in blocks(page, "sh")]
    return [block for block in lines if block]


@pytest.fixture(scope="module")
def project(tmp_path_factory, interpreter):
    """A project folder with an application and an environment, and the variables of a shell with importguard on PATH."""
    home = tmp_path_factory.mktemp("home")
    folder = home / "project"
    folder.mkdir()
    (folder / "app.py").write_text("print('the application ran')\n")
    (folder / "test_app.py").write_text(
        "import unittest\n\n\nclass Case(unittest.TestCase):\n    def test_sum(self):\n        self.assertEqual(1 + 1, 2)\n"
    )
    environment = envs.create(folder / ".venv", interpreter)
    programs = home / "bin"
    programs.mkdir()
    (programs / "importguard").write_text(f'#!/bin/sh\nexec {shlex.join(map(str, guarded.launcher()))} "$@"\n')
    (programs / "importguard").chmod(0o755)
    path = os.pathsep.join([str(programs), str(environment.python.parent), os.defpath])
    return folder, {"PATH": path, "HOME": str(home), "LANG": "C.UTF-8"}


@pytest.mark.parametrize("block", examples(PROJECT / "README.md"), ids=lambda block: block[0])
def test_shell_examples_of_the_readme_run(block, project):
    """The lines of a block, one after the other, end with the exit status that they show, 0 where they show none."""
    folder, variables = project

    for line in block:
        done = subprocess.run(["sh", "-c", line], cwd=folder, env=variables, capture_output=True, text=True, timeout=60)
        expected = EXIT.search(line)
        assert done.returncode == (int(expected[1]) if expected else 0), f"{line}\n{done.stdout}{done.stderr}"


def test_policy_of_the_tutorial_is_valid(tmp_path, project):
    """The policy that the tutorial shows is one that `importguard check` has nothing to say about."""
    _folder, variables = project
    (text,) = blocks(PROJECT / "docs/tutorial.md", "toml")
    (tmp_path / "importguard.toml").write_text(text)

    done = subprocess.run(
        [*guarded.launcher(), "check", "--policy", "importguard.toml"],
        cwd=tmp_path, env=variables, capture_output=True, text=True, timeout=60,
    )  # fmt: skip

    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    assert tomllib.loads(text)["package"]["somelib"]["import"]["allow"]


def test_attack_of_the_tutorial_is_caught(tmp_path, project, empty_environment):
    """The tutorial's own start-up file writes `stolen` unguarded, and doesn't under `importguard run`."""
    _folder, variables = project
    *_others, written, run_it, _look = blocks(PROJECT / "docs/tutorial.md", "sh")[-1].splitlines()
    attacked = envs.copy(empty_environment, tmp_path / "attacked")
    stolen = attacked.path / "stolen"

    def shell(line):
        line = line.replace("/tmp/attacked", str(attacked.path))
        return subprocess.run(["sh", "-c", line], env=variables, capture_output=True, text=True, timeout=60, check=True)

    shell(written)
    done = shell(run_it)

    assert "the application goes on" in done.stdout
    assert not stolen.exists()
    shell("/tmp/attacked/bin/python -c pass")
    assert stolen.exists()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(PROJECT)))
def test_links_of_a_page_lead_somewhere(page):
    """Every relative link names a file of the project."""
    targets = LINK.findall(page.read_text())

    missing = [target for target in targets if not (page.parent / target).exists()]

    assert missing == []
