"""Looks at one distribution: imports its modules on a stage of their own and gathers what came of it."""

import threading
from dataclasses import dataclass

from importguard.vet import folders, modules, result, trial

RECORDS = "records.jsonl"


@dataclass(frozen=True, slots=True)
class Terms:
    """How distributions are looked at: by which interpreter and importguard, with which options of `run`.

    `stdlib` is the folder of the standard library, whose parts nobody is told of for loading.
    `tests` has modules of tests imported as well, `builds` lets pip run what a source distribution brings.
    """

    python: str
    command: tuple[str, ...]
    stdlib: str = ""
    options: tuple[str, ...] = ()
    tests: bool = False
    builds: bool = False
    patience: float = trial.PATIENCE


def look(environment, name, version, terms, halt=None):
    """Return the Result of a distribution that is installed in an Environment; whatever goes wrong is its `problem`.

    Once `halt`, an Event, is set, it is left at that, and raises trial.Stopped.
    """
    try:
        with folders.made() as folder:
            return _look(environment, name, version, terms, folder, halt or threading.Event())
    except trial.Stopped:
        raise
    except Exception as error:  # one bad distribution must not stop the others
        return result.Result(name, version, problem=f"{type(error).__name__}: {error}")


def _look(environment, name, version, terms, folder, halt):
    found = modules.modules_of(environment.site, name)
    wanted = (*found.plain, *(found.tests if terms.tests else ()))
    guard = (*terms.command, "run", *terms.options, "--records", str(folder / RECORDS), "--")
    errors = trial.play(trial.Stage(environment.python, folder, guard, patience=terms.patience, halt=halt), wanted)
    records = trial.records(folder / RECORDS)
    places = {str(folder / "project"): "$cwd", str(folder / "home"): "~", str(folder / "tmp"): "$tmp"}
    places |= {str(folder): "$tmp", str(environment.site): "$site", str(environment.path): "$prefix"}
    if terms.stdlib:
        places[terms.stdlib] = result.STDLIB
    reached, alarms = result.read_records(records, places)
    return result.Result(name, version, errors, len(found.programs), reached, alarms)
