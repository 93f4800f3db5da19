"""An environment with one ordinary distribution in it, and a command line to audit it."""

import json

import pytest
from support import envs, wheels
from support.enabled import World


@pytest.fixture(scope="session")
def plain_environment(empty_environment, tmp_path_factory):
    """An environment with the distribution `plain`, compiled as pip does; copy it, don't change it."""
    folder = tmp_path_factory.mktemp("plain")
    environment = envs.copy(empty_environment, folder / "env")
    source = "LIMIT = 0.5\n\n\ndef greet(name, times=(1, 2)):\n    return {name, *times} in {frozenset('ab')}\n"
    files = {"plain/__init__.py": source, "plain/part.py": "def part():\n    return 1\n", "plain/data.txt": "x"}
    envs.install(environment, wheels.Wheel("plain", "1.0", files), folder=folder)
    return environment


@pytest.fixture
def world(tmp_path, plain_environment):
    """A World of an environment that holds `plain`."""
    return World(envs.copy(plain_environment, tmp_path / "env"), tmp_path)


@pytest.fixture
def audit(world):
    """Return a function that audits the world and returns (exit status, {(code, path below the site): owner})."""

    def run(*words):
        done = world.importguard("audit", "--json", *words)
        assert done.stderr == ""
        report = json.loads(done.stdout)
        prefix = str(world.site) + "/"
        return done.returncode, {
            (each["code"], each["path"].removeprefix(prefix)): each["owner"] for each in report["findings"]
        }

    return run
