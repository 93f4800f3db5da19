"""The pages do what they say: what their blocks tell a reader to type is typed, and prints what they show."""

import re
import tomllib

import pages
import pytest
from pages import HOW_TO, PLUGINS, README, REFERENCE, TUTORIAL

from importguard.lock import read as lock
from importguard.policy import toml

# Each runs for itself, with what it needs: test_review_page.py, test_vet_page.py, tests/suite/test_pytest_plugin.py.
OWN_TEST = {"review", "guard-a-test-suite", "vet-a-release"}
GUIDES = [page for page in HOW_TO if page.stem not in OWN_TEST]
INSTALLATION = "~/.importguard/bin/pip install --quiet /path/to/importguard"
# What no test types: the beginning of a block, and who does.
TYPED_ELSEWHERE = {
    "make demo\nmake test": "whoever builds this, from a fresh clone: the tests would run themselves",
    "$ importguard shell": "tests/shell, through a pseudo-terminal",
}
# What runs which blocks: (pages, languages). A block that none of these covers is one that nothing runs.
RUN = [
    ([README], ("sh",)),
    (GUIDES, ("sh", "console", "toml")),
    ([TUTORIAL], ("sh", "console", "toml")),
    (REFERENCE, ("sh", "toml", "python")),
    (PLUGINS, ("toml", "python")),
    # The other tests that are named above.
    ([page for page in HOW_TO if page.stem == "review"], ("sh", "toml")),
    ([page for page in HOW_TO if page.stem == "guard-a-test-suite"], ("python", "toml")),
    ([page for page in HOW_TO if page.stem == "vet-a-release"], ("sh", "console")),
]
JOB = re.compile(r"^ *- (?:run: )?(importguard .*)$", re.MULTILINE)
# A block may begin with the name of the file that it is.
FILE = re.compile(r"# ([\w.]+\.toml)\n")
# What is output, or another program's: nothing of it is typed.
SHOWN = ("text", "yaml", "dockerfile", "ini", "json")


def is_run(block):
    """Say whether a test does what stands in a block, or somebody who is named."""
    return is_typed_elsewhere(block) or any(block.page in run and block.language in languages for run, languages in RUN)


def is_typed_elsewhere(block):
    """Say whether somebody is named who types it."""
    return any(block.text.startswith(beginning) for beginning in TYPED_ELSEWHERE)


@pytest.mark.parametrize("page", pages.EVERY, ids=lambda page: str(page.relative_to(pages.PROJECT)))
def test_every_block_is_run(page):
    """Every block that isn't output is run by a test; one without a language could be anything."""
    assert [str(block) for block in pages.blocks(page) if block.language not in SHOWN and not is_run(block)] == []


@pytest.mark.parametrize("page", pages.EVERY, ids=lambda page: str(page.relative_to(pages.PROJECT)))
def test_no_command_hides_in_output(page):
    """What a reader is to type stands in a block that is run, not in one that is shown."""
    typed = ("$ ", "importguard run", "importguard learn")

    shown = [block for block in pages.blocks(page, "text") if not is_typed_elsewhere(block)]
    found = [str(block) for block in shown for line in block.text.splitlines() if line.startswith(typed)]

    assert found == [] or page.name == "commands.md"


@pytest.mark.parametrize("block", [block for page in (README, *REFERENCE) for block in pages.blocks(page, "sh")], ids=str)
def test_what_readme_and_reference_have_typed(block, shell):
    """The lines of a block, one after the other, end with the exit status that they show, 0 where they show none."""
    if not is_typed_elsewhere(block):
        shell.run(block.text)


@pytest.mark.parametrize("page", HOW_TO, ids=lambda page: page.stem)
def test_jobs_of_a_how_to(page):
    """What a job of a CI service has importguard do is typed elsewhere on the page, where it is run."""
    typed = {line.partition("  #")[0].strip() for block in pages.blocks(page, "sh") for line in block.text.splitlines()}

    found = [line for block in pages.blocks(page, "yaml") for line in JOB.findall(block.text)]

    assert [line for line in found if line not in typed] == []


@pytest.mark.parametrize("page", GUIDES, ids=lambda page: page.stem)
def test_examples_of_a_how_to(page, shell):
    """In their order, in one project: each policy is one that `check` has nothing to say about, each line ends as it shows."""
    go_through(page, shell)


def test_the_tutorial(tmp_path, interpreter):
    """From an empty home to a caught attack, in the page's own order; only the installation is a stand-in."""
    home = tmp_path / "home"
    home.mkdir()
    shell = pages.open_shell(home, tmp_path, home=home, programs=interpreter.path.parent)

    go_through(TUTORIAL, shell)

    assert not (home / "attacked/stolen").exists()
    assert "acme_telemetry.pth" in (home / "attacked/report.html").read_text()


def go_through(page, shell):
    """Do what a page says, block by block."""
    for block in pages.blocks(page, "sh", "console", "toml"):
        if block.language == "toml":
            named = FILE.match(block.text)
            name = named[1] if named else "importguard.toml"
            shell.write(name, block.text)
            shell.run(f"importguard check --policy {name}")
        elif block.language == "console":
            shell.converse(block.text)
        else:
            shell.run(block.text.replace(INSTALLATION, 'ln -s "$(command -v importguard)" ~/.importguard/bin/importguard'))


@pytest.mark.parametrize("block", [block for page in (*REFERENCE, *PLUGINS) for block in pages.blocks(page, "toml")], ids=str)
def test_what_the_reference_has_written(block):
    """A policy, or a table of one, is valid; a lock can be read; any other TOML at least parses."""
    data = tomllib.loads(block.text)

    if "project" in data:
        assert data["project"]["entry-points"]["importguard.plugins"]
    elif "distribution" in data:
        assert lock.parse(block.text, "importguard.lock")
    else:
        whole = block.text if "version" in data else "version = 1\n" + block.text
        assert toml.parse(whole, name="importguard.toml")


def test_plugin_of_the_reference():
    """It counts what was refused."""
    (block,) = pages.blocks(pages.PROJECT / "docs/reference/plugins.md", "python")
    space = {}
    exec(compile(block.text, "plugins.md", "exec"), space)

    tally = space["Tally"]({})
    tally.importguard_record({"event": "decision", "verdict": "deny"})
    tally.importguard_record({"event": "exit"})

    assert tally.refusals == 1
