"""The three ways in which every workload runs: bare, beneath a plain audit hook, and guarded."""

import os
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from importguard.launch import command, directory, prepare
from importguard.policy import resolve

PLAIN_HOOK = str(Path(__file__).with_name("plain_hook"))
NAMES = ("bare", "plain hook", "guarded")


@dataclass(frozen=True, slots=True)
class Variant:
    """One way to run a program: an environment for the interpreter at `python`."""

    name: str
    python: str
    environment: dict

    def argv(self, code):
        """Return the arguments that run a program's text."""
        return [self.python, "-c", code]


@dataclass(frozen=True, slots=True)
class Stage:
    """Where the variants run: its folder, the variants by name, and the session file of the guarded one."""

    folder: Path
    variants: dict
    session: str

    @property
    def file(self):
        """The ordinary file that is opened again and again."""
        return self.folder / "home" / "notes.txt"


@contextmanager
def stage(python):
    """Give the Stage for an interpreter. Its session is made once, as `importguard run` makes it; nothing supervises."""
    with tempfile.TemporaryDirectory(prefix="benchmark-of-importguard-") as name:
        folder = Path(name).resolve()
        for child in ("home", "project", "sessions"):
            (folder / child).mkdir()
        (folder / "home" / "notes.txt").write_text("ordinary\n")
        before = os.getcwd()
        os.chdir(folder / "project")
        try:
            yield _stage(folder, python)
        finally:
            os.chdir(before)


def _stage(folder, python):
    bare = {"PATH": os.defpath, "HOME": str(folder / "home"), "LANG": "C.UTF-8"}
    typed = command.resolve([python, "-c", "pass"], bare)
    options = {"mode": "enforce"}
    records = f"file:{folder}/records.jsonl"
    prepared = prepare.prepare(
        prepare.look(typed, bare), resolve.resolve(options, bare, Path.cwd()),
        {**bare, "TMPDIR": str(folder / "sessions")}, typed.argv, records=records,
    )  # fmt: skip
    directory.hold(prepared.directory)
    _, guarded = prepare.guarded(prepared, typed.argv, bare)
    environments = (bare, {**bare, "PYTHONPATH": PLAIN_HOOK}, guarded)
    variants = {name: Variant(name, python, variables) for name, variables in zip(NAMES, environments, strict=True)}
    return Stage(folder, variants, prepared.directory.session)
