"""Uses a distribution bare, under recommended, and under a lock that one run was learnt from; says what was refused."""

import contextlib
from dataclasses import dataclass
from pathlib import Path

from support import guarded, worlds

SECONDS = 90
LOCK = "importguard.lock"
PROBLEMS = ("tamper", "degraded", "killed")


@dataclass(frozen=True, slots=True)
class Trying:
    """How one Use went in one way: its exit status, what was refused or reported, and the whole story."""

    returncode: int
    refused: tuple[str, ...]
    story: str


def bare(use, environment, root):
    """Use it without the guard."""
    with _world(use, environment, root) as (world, command):
        return _told(guarded.run(world, command, mode=guarded.UNGUARDED, seconds=SECONDS))


def recommended(use, environment, root):
    """Use it under `recommended`."""
    with _world(use, environment, root) as (world, command):
        return _told(guarded.run(world, command, seconds=SECONDS))


def locked(use, environment, root):
    """Learn a lock from one run, and use it in a new world under that lock."""
    with _world(use, environment, root / "learnt") as (world, command):
        path = world.root / LOCK
        line = [*guarded.launcher(), "learn", "-o", path, "--records", world.root / "records.jsonl", "--", *command]
        learnt = guarded.run(world, line, mode=guarded.UNGUARDED, seconds=SECONDS)
        if not path.exists() or learnt.decisions(verdict="deny"):
            return _told(learnt)
    with _world(use, environment, root / "locked") as (world, command):
        (world.project / LOCK).write_bytes(path.read_bytes())
        return _told(guarded.run(world, command, seconds=SECONDS))


@contextlib.contextmanager
def _world(use, environment, root):
    """Give a furnished World with the files of a Use in it, and the command to run there."""
    with worlds.furnished(root, environment, remembers=False) as world:
        for name, content in use.files.items():
            Path(world.project, name).write_text(content)
        yield world, [environment.command(use.command[0]), *use.command[1:]]


def _told(outcome):
    refused = {
        f"{record['owner']['name']} {record['phase']} {record['capability']} {record['target']} [{record['rule']}]"
        for record in outcome.decisions(verdict="deny")
    }
    problems = {f"{item['event']}: {item.get('reason')}" for item in outcome.records if item["event"] in PROBLEMS}
    return Trying(outcome.returncode, tuple(sorted(refused | problems)), outcome.story())
