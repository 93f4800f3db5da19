"""`importguard status` says what holds, and why not."""

import json

import pytest


def status(world, **more):
    done = world.importguard("status", "--json", **more)
    return done.returncode, json.loads(done.stdout)


def test_an_environment_that_was_never_enabled_is_not_armed(world):
    """Exit 1, and the reason."""
    code, report = status(world)

    assert (code, report["armed"]) == (1, False)
    assert report["problems"] == ["importguard enable was not run on it"]


def test_an_enabled_environment_is_armed(world):
    """Exit 0, with the policy and the mode, and nothing that runs before."""
    world.importguard("enable", "--mode", "observe")

    code, report = status(world)

    assert (code, report["armed"], report["before"], report["stale"]) == (0, True, [], [])
    assert (report["policy"], report["mode"]) == ('preset "recommended"', "observe")


def test_a_file_that_sorts_before_the_guard_is_named(world):
    """Exit 1 although it is armed, with the path and the owner."""
    world.importguard("enable")
    world.spawns_at_startup("!!.pth")
    world.spawns_at_startup("aaa.pth")

    code, report = status(world)

    assert (code, report["armed"]) == (1, True)
    assert [(file["path"], file["known"]) for file in report["before"]] == [(str(world.site / "!!.pth"), "")]


@pytest.mark.parametrize("name", ["!importguard.pth", "sitecustomize.py", "_importguard/session.bin"])
def test_a_hook_that_lost_a_part_is_not_armed(world, name):
    """What has gone is named."""
    world.importguard("enable")
    (world.site / name).unlink()

    code, report = status(world)

    assert (code, report["armed"]) == (1, False)
    assert any(name in line for line in report["problems"])


def test_a_truncated_session_file_is_a_problem(world):
    """The file is named, and what follows from it."""
    world.importguard("enable")
    path = world.site / "_importguard" / "session.bin"
    path.write_bytes(path.read_bytes()[:100])

    code, report = status(world)

    assert (code, report["armed"]) == (1, False)
    assert any("session.bin" in line for line in report["problems"])


def test_a_policy_that_changed_since_is_stale(world):
    """The table in the session file no longer is what the policy says."""
    policy = world.folder / "own.toml"
    policy.write_text("version = 1\nextends = 'recommended'\n")
    world.importguard("enable", "--policy", str(policy))
    assert status(world)[1]["stale"] == []

    policy.write_text("version = 1\nextends = 'strict'\n")

    code, report = status(world)
    assert code == 0
    assert [line.partition(":")[0] for line in report["stale"]] == ["policy"]


def test_a_distribution_that_came_since_is_stale(world):
    """The ledger in the session file doesn't know it."""
    world.importguard("enable")
    info = world.site / "late-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Name: late\nVersion: 1.0\n")
    (info / "RECORD").write_text("late-1.0.dist-info/METADATA,,\n")

    code, report = status(world)

    assert code == 0
    assert report["stale"] == ["ledger: distributions have changed: late"]
    world.importguard("enable")
    assert status(world)[1]["stale"] == []
