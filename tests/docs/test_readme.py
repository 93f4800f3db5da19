"""The pages do what they say: their shell examples run, their policies are valid, and their links lead somewhere."""

import os
import re
import shlex
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest
from support import envs, guarded

PROJECT = Path(__file__).parents[2]
PAGES = [PROJECT / "README.md", PROJECT / "CHANGELOG.md", *sorted((PROJECT / "docs").rglob("*.md"))]
FENCE = re.compile(r"^```(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)
# The page about reviews needs a dependency that is bumped half-way: test_review_page.py has it.
HOW_TO = sorted(page for page in (PROJECT / "docs/how-to").glob("*.md") if page.stem != "review")
LINK = re.compile(r"\]\(([^):#]*)(?:#([^)]*))?\)")
HEADING = re.compile(r"^#+ (.*)$", re.MULTILINE)
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
        require_exit(line, folder, variables)


def require_exit(line, folder, variables):
    """Fail unless a line ends with the exit status that it shows."""
    done = subprocess.run(["sh", "-c", line], cwd=folder, env=variables, capture_output=True, text=True, timeout=60)
    expected = EXIT.search(line)
    assert done.returncode == (int(expected[1]) if expected else 0), f"{line}\n{done.stdout}{done.stderr}"


@pytest.mark.parametrize("page", HOW_TO, ids=lambda page: page.stem)
def test_examples_of_a_how_to(page, project, tmp_path):
    """In their order, in one project: each policy is one that `check` has nothing to say about, each line ends as it shows."""
    folder = shutil.copytree(project[0], tmp_path / "project", symlinks=True)
    variables = {**project[1], "HOME": str(tmp_path)}
    (folder / "importguard.next.toml").write_text('version = 1\n[run]\ndeny = ["net.connect"]\n')

    for language, text in FENCE.findall(page.read_text()):
        if language == "toml":
            (folder / "importguard.toml").write_text(text)
            text = "importguard check --policy importguard.toml\n"
        for line in text.splitlines() if language in ("sh", "toml") else ():
            require_exit(line, folder, variables)


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


def anchors(page):
    """Return what a link into a page may name: its headings, as the usual viewers spell them."""
    spelled = [re.sub(r"[^\w\s-]", "", heading.lower()).strip() for heading in HEADING.findall(page.read_text())]
    return {re.sub(r"\s", "-", text) for text in spelled}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(PROJECT)))
def test_links_of_a_page_lead_somewhere(page):
    """Every relative link names a file of the project, and where it goes on with a `#` a heading in there."""
    missing = []
    for target, anchor in LINK.findall(page.read_text()):
        path = page.parent / target if target else page
        if not path.exists() or (anchor and anchor not in anchors(path)):
            missing.append(f"{target}#{anchor}")

    assert missing == []
