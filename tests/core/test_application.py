"""What counts as the application: the project's own code, and not what hides in it or lies about."""

import pytest
from support import guarded

READS = "import os\nprint(open(os.path.expanduser('~/.ssh/id_ed25519')).read())\n"


def imported_from(world, folder):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "helper.py").write_text(READS)
    (world.project / "app.py").write_text(f"import sys\nsys.path.insert(0, {str(folder)!r})\nimport helper\n")
    return guarded.run(world, [world.environment.python, "app.py"])


@pytest.mark.parametrize("place", ["project/sub", "project/.venvs/../sub"])
def test_code_below_the_project_is_the_applications(world, place):
    """It may read the application's own key."""
    (world.root / "project/.venvs").mkdir()

    outcome = imported_from(world, world.root / place)

    assert world.canaries["ssh"] in outcome.stdout, outcome.story()


@pytest.mark.parametrize("place", ["project/.cache", "home/.cache/tool", "tmp/x"])
def test_code_elsewhere_is_nobodys(world, place):
    """A hidden folder of the project, a cache in the home folder, a temporary folder: unowned."""
    outcome = imported_from(world, world.root / place)

    assert world.canaries["ssh"] not in outcome.stdout
    assert outcome.decisions(capability="fs.read", owner="unowned", verdict="deny"), outcome.story()


def test_code_that_the_program_has_just_written_is_nobodys(world):
    """A module that was written while running doesn't become the application's by its place."""
    (world.project / "app.py").write_text(
        f"open('fresh.py', 'w').write({READS!r})\nimport fresh\n"
    )

    outcome = guarded.run(world, [world.environment.python, "app.py"])

    assert world.canaries["ssh"] not in outcome.stdout
    assert outcome.decisions(capability="fs.read", owner="unowned", verdict="deny"), outcome.story()
