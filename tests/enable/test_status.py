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


def rungs(world, **more):
    """Return {rung: (state, text)} as `status` says it."""
    return {rung["name"]: (rung["state"], rung["text"]) for rung in status(world, **more)[1]["kernel"]}


def armed_layers(world):
    """Return the layers of the `armed` record of an interpreter of the environment."""
    done = world.python("-c", "pass")
    assert done.returncode == 0, done.stderr
    records = (world.folder / "records.jsonl").read_text().splitlines()
    return next(record["layers"] for record in map(json.loads, reversed(records)) if record["event"] == "armed")


@pytest.mark.parametrize(
    ("policy", "state", "said"),
    [
        ("", "holds", "puts it over itself when it starts: seal"),
        ('core = "py"', "absent", "the core in C alone puts filters over a process"),
        ('[kernel]\nseccomp = "off"', "absent", "switched off"),
    ],
)
def test_each_rung_is_said_to_hold_where_it_does(world, policy, state, said):
    """The seal as the process itself finds it; files, ports and whose native call it is are for `run` alone, and the reason is there."""
    core = "py" if "core" in policy else "auto"
    path = world.folder / "own.toml"
    path.write_text("version = 1\n" + (policy if core == "auto" else ""))
    world.importguard("enable", "--policy", str(path), "--records", str(world.folder / "records.jsonl"), IMPORTGUARD_CORE=core)

    found = rungs(world, IMPORTGUARD_CORE=core)

    assert found["seccomp"][0] == state and said in found["seccomp"][1], found
    assert ("seccomp" in armed_layers(world)) == (state == "holds")
    assert found["landlock"][0] == found["supervisor"][0] == "absent"
    assert "`importguard run`" in found["landlock"][1] and "only `importguard run` has one" in found["supervisor"][1]


def test_who_only_observes_is_held_to_nothing(world):
    """And is told so, rung by rung; on a terminal as `doctor` says it."""
    world.importguard("enable", "--mode", "observe")

    assert rungs(world) == dict.fromkeys(("seccomp", "landlock", "supervisor"), ("absent", "the guard only observes"))
    assert "  -    seccomp    the guard only observes\n" in world.importguard("status").stdout
