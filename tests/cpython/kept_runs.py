"""Keeps each run in a folder, so that an hour of tests can be interrupted and taken up again."""

import json
from dataclasses import asdict

import suite


def player(folder, seconds):
    """Return a function like suite.play that takes a run from `folder` when it is there; None keeps nothing."""

    def play(name, interpreter, mode, *, core="none", only=()):
        if folder is None or only:
            return suite.play(name, interpreter, mode, core=core, only=only, seconds=seconds)
        path = folder / file_name(name, interpreter, mode, core)
        if path.exists():
            return recall(path)
        run = suite.play(name, interpreter, mode, core=core, seconds=seconds)
        folder.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(asdict(run)))
        return run

    return play


def recaller(folder):
    """Return a function like suite.play that runs nothing: it returns the run that is in `folder`, or None."""

    def play(name, interpreter, mode, *, core="none", only=()):
        path = folder / file_name(name, interpreter, mode, core)
        return None if only or not path.exists() else recall(path)

    return play


def file_name(name, interpreter, mode, core):
    """Return where a run of a whole test file is kept."""
    return f"{interpreter.tag}-{name}-{core}-{mode}.json"


def recall(path):
    """Return the Run in a file."""
    known = json.loads(path.read_text())
    return suite.Run(known["outcomes"], tuple(known["alarms"]), known["seconds"])
