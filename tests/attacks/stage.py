"""Sets a Scenario up: its environment, built once an interpreter and copied for each run; and runs its application."""

import contextlib
import shutil
import sys
from dataclasses import dataclass, field
from pathlib import Path

from support import envs, guarded, metadata, wheels, worlds

NEEDS = {
    "curl": lambda: shutil.which("curl"),
    "compiler": wheels.compiler,
}


class NotArmed(Exception):
    """A guarded run left no `armed` record: it says nothing about the row."""


@dataclass(slots=True)
class Workshop:
    """Builds the environments of a test session below `folder`, and keeps them by row and interpreter."""

    folder: Path
    kept: dict = field(default_factory=dict)

    def environment(self, scenario, interpreter):
        """Return the environment with the scenario's wheels in it; copy it before anything runs there."""
        key = (interpreter.tag, scenario.id)
        if key not in self.kept:
            self.kept[key] = self._install(scenario, interpreter, self.folder / "-".join(key))
        return self.kept[key]

    def empty(self, interpreter, *, user_site=False):
        """Return an environment without anything in it; copy it before anything runs there."""
        key = (interpreter.tag, user_site)
        if key not in self.kept:
            path = self.folder / f"{interpreter.tag}-empty-{user_site}"
            self.kept[key] = envs.create(path, interpreter, system_site=user_site)
        return self.kept[key]

    def _install(self, scenario, interpreter, folder):
        environment = envs.copy(self.empty(interpreter, user_site=bool(scenario.user_wheels)), folder / "env")
        for batch in _batches(scenario):
            envs.install(environment, *batch, folder=folder / "wheels", options=scenario.pip_options)
        return environment


def missing(scenario):
    """Return what this machine lacks for a scenario, or "" when it has it all."""
    for need in scenario.needs:
        if not NEEDS[need]():
            return f"needs {need}"
    return metadata.missing() if scenario.private_network else ""


@contextlib.contextmanager
def set_up(scenario, interpreter, workshop, root):
    """Build the world of one run below `root`: a fresh copy of the environment, the application, the stand-ins."""
    environment = envs.copy(workshop.environment(scenario, interpreter), root / "env")
    sinks = {"pages": scenario.pages, "refused": scenario.refused, "answer": scenario.answer}
    with worlds.furnished(root, environment, **sinks) as world:
        if scenario.user_wheels:
            envs.install(environment, *scenario.user_wheels, folder=root / "wheels", home=world.home)
        for name, content in scenario.programs.items():
            path = world.programs / name
            path.write_text(content)
            path.chmod(0o755)
        (world.project / "app.py").write_text(scenario.app)
        worlds.settle(world)
        yield world


def perform(scenario, world, mode, *, policy=None, options=(), seconds=guarded.SECONDS):
    """Run the scenario's application in its world and return the Outcome; raises NotArmed where nothing was guarded.

    `options` are more of `importguard run`'s.
    """
    network = (*metadata.UNSHARE, sys.executable, "-I", metadata.__file__, world.metadata_log)
    outcome = guarded.run(
        world,
        [world.environment.python, "app.py"],
        mode=mode,
        policy=policy,
        options=options,
        seconds=seconds,
        variables=scenario.variables,
        before=network if scenario.private_network else (),
    )
    if mode != guarded.UNGUARDED and not any(record["event"] == "armed" for record in outcome.records):
        raise NotArmed(outcome.story())
    return outcome


def _batches(scenario):
    if scenario.one_by_one:
        return [(wheel,) for wheel in scenario.wheels]
    return [scenario.wheels] if scenario.wheels else []
