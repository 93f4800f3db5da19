"""Ordinary workloads of the standard library do beneath the seal what they do bare; `make kernel` has those of packages."""

import json
from pathlib import Path

import everyday
import everyday_packages
import pytest
from support import guarded, worlds

SCRIPT = Path(__file__).with_name("everyday.py")
SECONDS = 120


@pytest.mark.parametrize(
    ("preset", "options", "layer"),
    [("recommended", (), "seccomp"), ("strict", (), "seccomp"), ("recommended", ("--supervise", "require"), "supervisor")],
)
def test_workloads_are_as_bare(tmp_path, empty_environment, preset, options, layer):
    """All of them work bare and guarded: with the seal over them, under the supervisor as well, and nothing missing."""
    with worlds.furnished(tmp_path, empty_environment) as world:
        (world.project / "everyday.py").write_text(SCRIPT.read_text())
        command = [world.environment.python, "everyday.py"]
        bare = guarded.run(world, command, mode=guarded.UNGUARDED, seconds=SECONDS)
        outcome = guarded.run(world, command, policy=f'version = 1\nextends = "{preset}"', options=options, seconds=SECONDS)

    expected = {name: "ok" for name in everyday.ALL if name not in everyday_packages.PACKAGES}
    assert json.loads(bare.stdout) == expected, bare.story()
    assert json.loads(outcome.stdout) == expected, outcome.story()
    armed = outcome.records[0]
    assert layer in armed["layers"] and armed["missing"] == []
    assert outcome.decisions() == []


def test_there_are_forty():
    """At least as many as were measured when the seal was drawn up."""
    assert len(everyday.ALL) >= 40
