"""A project as a reader of the pages has one."""

import shutil

import pages
import pytest
from support import envs


@pytest.fixture(scope="session")
def furnished_project(tmp_path_factory, interpreter):
    """The folder of a project with an application, a test and an environment, in a home with importguard on PATH."""
    home = tmp_path_factory.mktemp("home")
    folder = home / "project"
    folder.mkdir()
    (folder / "app.py").write_text("print('the application ran')\n")
    (folder / "test_app.py").write_text(
        "import unittest\n\n\nclass Case(unittest.TestCase):\n    def test_sum(self):\n        self.assertEqual(1 + 1, 2)\n"
    )
    (folder / "importguard.next.toml").write_text('version = 1\n[run]\ndeny = ["net.connect"]\n')
    envs.create(folder / ".venv", interpreter)
    return folder


@pytest.fixture
def shell(furnished_project, tmp_path):
    """A Shell in a copy of that project."""
    folder = shutil.copytree(furnished_project, tmp_path / "home/project", symlinks=True)
    return pages.open_shell(folder, tmp_path)
