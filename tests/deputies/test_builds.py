"""A build script of a source distribution that `pip install` runs."""

import pytest
from support import envs, guarded, kept, worlds

SETUP = """
import os, shutil
from setuptools import setup

home, found = os.path.expanduser("~"), os.environ["TMPDIR"] + "/found"
assert os.path.exists(home + "/.canary-home")
os.makedirs(found, exist_ok=True)
for deed in (
    lambda: shutil.copyfile(home + "/.aws/credentials", found + "/loot"),
    lambda: open(home + "/.bashrc", "a").write("echo"),
):
    try:
        deed()
    except OSError:
        pass
setup(name="acme-built", version="1.0", py_modules=["acme_built"])
"""
PROJECT = "[build-system]\nrequires = ['setuptools']\nbuild-backend = 'setuptools.build_meta'\n"


@pytest.fixture
def world(interpreter, tmp_path):
    environment = envs.copy(kept.environment_or_skip(["pip", "setuptools>=77"], interpreter), tmp_path / "env")
    with worlds.furnished(tmp_path / "world", environment) as built:
        source = built.project / "source"
        source.mkdir()
        for name, text in {"setup.py": SETUP, "pyproject.toml": PROJECT, "acme_built.py": ""}.items():
            (source / name).write_text(text)
        worlds.settle(built)
        yield built


def install(world, mode):
    """Install the project with the environment's own pip; return the Outcome and the evidence."""
    command = [world.environment.python, "-m", "pip", "install", "--no-index", "--no-build-isolation", "--no-deps", "./source"]
    outcome = guarded.run(world, command, mode=mode, seconds=180)
    return outcome, world.evidence()


def test_a_build_script_takes_and_leaves_what_it_likes_unguarded(world):
    """The control: it runs with the authority of whoever installs."""
    outcome, evidence = install(world, guarded.UNGUARDED)

    assert outcome.returncode == 0, outcome.story()
    assert {"kept:aws", "wrote:home/.bashrc"} <= set(evidence), evidence


def test_a_build_script_is_not_the_application(world):
    """It builds, and neither reads secrets nor leaves anything behind: whoever has written it is unknown."""
    outcome, evidence = install(world, guarded.RECOMMENDED)

    assert outcome.returncode == 0, outcome.story()
    assert not {"kept:aws", "wrote:home/.bashrc"} & set(evidence), outcome.story()
    assert {each["capability"] for each in outcome.decisions(verdict="deny")} == {"fs.read", "fs.write"}
    assert list(world.environment.site_packages.glob("acme_built-1.0.dist-info"))
