"""Runs a program bare, observed and under recommended, each time in a fresh world, and says how it went, noise aside."""

import re
from dataclasses import dataclass, field

from support import guarded, worlds

SECONDS = 100


@dataclass(frozen=True, slots=True)
class Program:
    """A program: its `files` in the project, its `command` below the environment, and the noise in what it says.

    `command` starts with the name of a command of the environment. `says` must stand in what it says bare. `noise` are
    patterns of what differs from run to run anyway: times, process numbers, places.
    """

    id: str
    files: dict[str, str]
    command: tuple[str, ...]
    says: str
    noise: tuple[str, ...] = ()
    variables: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Behaviour:
    """What a user sees of a run: the exit status and the text, sorted by line where the order is chance."""

    returncode: int
    stdout: tuple[str, ...]
    stderr: tuple[str, ...]


def play(program, environment, root, mode, wheels=()):
    """Run `program` once in a world below `root`; returns the Outcome. `wheels` are paths, copied into the project."""
    with worlds.furnished(root, environment) as world:
        for name, content in program.files.items():
            path = world.project / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content)
        for wheel in wheels:
            (world.project / wheel.name).write_bytes(wheel.read_bytes())
        command = [environment.command(program.command[0]), *program.command[1:]]
        return guarded.run(world, command, mode=mode, seconds=SECONDS, variables=program.variables)


def behaviour(program, outcome, root):
    """Return the Behaviour of an Outcome, without the program's noise."""
    return Behaviour(outcome.returncode, _quiet(program, outcome.stdout, root), _quiet(program, outcome.stderr, root))


def assert_same(program, environments, root, wheels=()):
    """Assert that the program behaves the same all three ways, that it was guarded, and that nothing was refused."""
    bare = play(program, environments(), root / guarded.UNGUARDED, guarded.UNGUARDED, wheels)
    assert program.says in bare.stdout + bare.stderr, bare.story()
    expected = behaviour(program, bare, root)
    for mode in (guarded.OBSERVE, guarded.RECOMMENDED):
        outcome = play(program, environments(), root / mode, mode, wheels)
        assert behaviour(program, outcome, root) == expected, f"bare: {bare.story()}\n{mode}: {outcome.story()}"
        assert_quiet(outcome)


def assert_quiet(outcome):
    """Assert that the run was guarded, and that there was nothing to refuse or to complain about."""
    events = {record["event"] for record in outcome.records}
    assert "armed" in events, outcome.story()
    assert not events & {"tamper", "degraded", "killed"}, outcome.story()
    assert not outcome.alarms(), outcome.story()


def _quiet(program, text, root):
    for place in guarded.MODES:
        text = text.replace(str(root / place), "ROOT")
    for pattern in program.noise:
        text = re.sub(pattern, "", text, flags=re.MULTILINE)
    return tuple(sorted(line.rstrip() for line in text.splitlines() if line.strip()))
