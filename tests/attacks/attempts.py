"""An attempt on a secret as data, and the room that it is made in: a package that is really installed, a world, a run."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from support import anchors, envs, guarded, interpreters, wheels, worlds

# What every payload finds in its module. Nothing is read from a home that is no stage.
HEAD = """
import os, sys
HOME, TMP = os.path.expanduser("~"), os.environ["TMPDIR"]
AWS, LOOT = HOME + "/.aws/credentials", TMP + "/loot"
PORT = int(os.environ["SINK"].rpartition(":")[2])
assert os.path.exists(HOME + "/.canary-home")
COPY = "import shutil; shutil.copyfile(%r, %r)" % (AWS, LOOT)

def steal(path=AWS):
    with open(path) as secret, open(LOOT, "w") as loot:
        loot.write(secret.read())

def script(path, text="cp ~/.aws/credentials $TMPDIR/loot"):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w") as file:
        file.write("#!/bin/sh\\n" + text + "\\n")
    os.chmod(path, 0o755)

def call(host="127.0.0.1", port=PORT, kind=tuple):
    import socket
    with socket.socket() as connection:
        connection.connect(kind((host, port)))
        connection.sendall(b"GET /home HTTP/1.0\\r\\n\\r\\n")
        connection.recv(64)
"""
FORK_EXEC = """
def fork_exec(module, argv, candidates, folder=None):
    r, w = os.pipe()
    more = (-1, None, None, None, -1, None, False)
    module.fork_exec(argv, candidates, True, (w,), folder, None, -1, -1, -1, -1, -1, -1, r, w, False, False, *more)
    os.wait()
"""
# What a package may do while it runs, and not while it is imported.
ACT = "def act(*given):\n    os.waitpid(os.posix_spawn('/bin/touch', ['touch', LOOT], {}), 0)\n"
# Something of the standard library that can be called with one argument, with two, or with three, and does the deed.
STACK = """
import contextlib, functools, shutil
stack = contextlib.ExitStack()
stack.callback(shutil.copyfile, AWS, LOOT)
of_one = functools.partial(stack.__exit__, None, None)
of_two = of_one if sys.version_info >= (3, 13) else functools.partial(stack.__exit__, None)
of_three = of_one if sys.version_info >= (3, 13) else stack.__exit__
"""
IMPORTED = "import {package}.{name}\n"
CALLED = "import {package}.{name} as package\npackage.run()\n"
STOLEN, CALLED_HOME, RAN = "kept:aws", "GET:/home", "wrote:tmp/ran"
EVERYWHERE = interpreters.SUPPORTED


@dataclass(frozen=True, slots=True)
class Attempt:
    """What a module does when it is imported, or what is called in it, and the fact that shows that it came through.

    `app` is told its `{package}` and `{name}`. `files` are those of a second distribution, `project` those that lie
    beside the application. `command` is what the interpreter is started with. `open_on` are the versions on which nothing stops it yet, and `section`
    is the anchor of the limits that says so.
    """

    source: str
    shows: str = STOLEN
    app: str = IMPORTED
    policy: str | None = None
    files: Mapping[str, str] = field(default_factory=dict)
    project: Mapping[str, str] = field(default_factory=dict)
    command: tuple[str, ...] = ("app.py",)
    open_on: tuple[str, ...] = ()
    section: str = ""


@dataclass(frozen=True, slots=True)
class Room:
    """The attempts of one package, which gets a module for each; environments are built once an interpreter."""

    package: str
    attempts: Mapping[str, Attempt]
    folder: Path
    common: Mapping[str, str] = field(default_factory=dict)
    kept: dict = field(default_factory=dict)

    def perform(self, name, interpreter, root, mode, *, core="c", command=None, seconds=guarded.SECONDS):
        """Make an attempt in a world of its own below `root`; return the Outcome and the evidence."""
        attempt = self.attempts[name]
        environment = self._environment(interpreter)
        if attempt.files:
            environment = envs.copy(environment, root / "env")
            envs.install(environment, wheels.Wheel("acme-more", "1.0", attempt.files), folder=root / "wheels")
        with worlds.furnished(root, environment) as world:
            for path, text in {**attempt.project, "app.py": self._told(attempt.app, name)}.items():
                (world.project / path).write_text(text)
            worlds.settle(world)
            line = [environment.python, *(command or attempt.command)]
            options = () if mode == guarded.UNGUARDED else ("--core", core)
            outcome = guarded.run(world, line, mode=mode, policy=attempt.policy, options=options, seconds=seconds)
            return outcome, world.evidence()

    def _told(self, text, name):
        return text.replace("{package}", self.package).replace("{name}", name)

    def _environment(self, interpreter):
        if interpreter.tag not in self.kept:
            folder = self.folder / interpreter.tag
            modules = {f"{self.package}/{name}.py": attempt.source for name, attempt in self.attempts.items()}
            files = {f"{self.package}/__init__.py": "", **self.common, **modules}
            made = envs.create(folder / "env", interpreter)
            envs.install(made, wheels.Wheel(self.package.replace("_", "-"), "1.0", files), folder=folder)
            self.kept[interpreter.tag] = made
        return self.kept[interpreter.tag]


def with_head(attempt):
    """Return an Attempt whose module begins with what every payload finds."""
    return dataclasses.replace(attempt, source=HEAD + attempt.source + "\n")


def assert_works(room, name, interpreter, root):
    """The control: without the guard, the attempt reaches its target."""
    outcome, evidence = room.perform(name, interpreter, root, guarded.UNGUARDED)

    assert room.attempts[name].shows in evidence, outcome.story()


def assert_stopped(room, name, interpreter, root, request, *, core="c"):
    """Guarded it doesn't, or is expected to where it says so; either way the guard has to be there."""
    attempt = room.attempts[name]
    if interpreter.version in attempt.open_on:
        reason = anchors.of_limit(attempt.section)
        request.applymarker(pytest.mark.xfail(reason=reason, raises=AssertionError, strict=True))

    outcome, evidence = room.perform(name, interpreter, root, guarded.RECOMMENDED, core=core)

    armed = [record["core"] for record in outcome.records if record["event"] == "armed"]
    if not armed or set(armed) != {core}:
        pytest.fail(f"not guarded by the core {core!r}: {outcome.story()}", pytrace=False)
    if "tampered()" in attempt.source and "TAMPERED" not in outcome.stdout:
        pytest.fail(f"found nothing of the guard to tamper with: {outcome.story()}", pytrace=False)
    assert attempt.shows not in evidence, outcome.story()
