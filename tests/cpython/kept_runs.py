"""Keeps each run in a folder, so that an hour of tests can be interrupted and taken up again."""

import json
from dataclasses import asdict

import suite


def player(folder, seconds):
    """Return a function like suite.play that takes a run from `folder` when it is there; None keeps nothing."""

    def play(name, interpreter, mode, *, core="none", only=()):
        if folder is None or only:
            return suite.play(name, interpreter, mode, core=core, only=only, seconds=seconds)
        path = folder / f"{interpreter.tag}-{name}-{core}-{mode}.json"
        if path.exists():
            return recall(path)
        run = suite.play(name, interpreter, mode, core=core, seconds=seconds)
        folder.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(asdict(run)))
        return run

    return play


def recall(path):
    """Return the Run in a file."""
    known = json.loads(path.read_text())
    return suite.Run(known["outcomes"], tuple(known["alarms"]), known["seconds"])
