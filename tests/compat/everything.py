"""Imports every module of distributions bare and under recommended, with either core, and says what differs."""

import concurrent.futures
import dataclasses
import shutil
import tempfile
import threading
from dataclasses import dataclass
from pathlib import Path

from support import guarded, kept
from support.envs import Environment, create, install_from_registry

from importguard.vet import installing, looking, modules, result, trial
from importguard.vet.store import Store

BARE = "bare"
CORES = ("c", "py")
ADDING = threading.Lock()
BATCH = 40  # distributions that pip is given at a time


@dataclass(frozen=True, slots=True)
class Row:
    """One distribution: what came of it bare, and guarded, by core."""

    bare: result.Result
    guarded: dict[str, result.Result]

    @property
    def differences(self):
        """What is to be explained: other outcomes than bare, refusals, alarms; [(core, text)]."""
        return [(core, text) for core, found in self.guarded.items() for text in differences(self.bare, found)]


def differences(bare, found):
    """Return what the guard made of a distribution, a text a difference."""
    texts = [
        f"{module}: {error or 'imports'}; bare: {bare.errors.get(module) or 'imports'}"
        for module, error in found.errors.items()
        if error != bare.errors.get(module)
    ]
    texts += [f"{reach.owner} {reach.phase} {reach.capability} {reach.target} [{reach.rule}]" for reach in found.refused]
    return [*texts, *found.alarms, *([found.problem] if found.problem else [])]


def environment_of(pins, interpreter, cache):
    """Return an installing.Environment with exactly `pins`, made once."""
    folder = Path(cache) / kept.key(pins, interpreter)
    made = Environment(folder / "env", interpreter)
    if not (folder / "complete").exists():
        shutil.rmtree(folder, ignore_errors=True)
        create(made.path, interpreter)
        for start in range(0, len(pins), BATCH):
            install_from_registry(made, *pins[start : start + BATCH], options=(*kept.WHEELS_ONLY, "--no-deps"))
        (folder / "complete").touch()
    there = installing.Environment(made.path, ())
    return dataclasses.replace(there, pins=installing.pins_of(there))


def compare(environment, interpreter, path, *, cores=CORES, jobs=1, tell=print):
    """Return a Row for each distribution of an Environment; what `path` holds already isn't done again.

    Only what differed is: whoever looks for false alarms starts this again once they are mended.
    """
    stores = {mode: Store(path, f"{mode}, CPython {interpreter.version}") for mode in (BARE, *cores)}

    def row(pin):
        bare = _known(stores[BARE], pin) or _add(stores[BARE], _bare(environment, *pin))
        found = {}
        for core in cores:
            known = _known(stores[core], pin)
            if known is None or differences(bare, known):
                known = _add(stores[core], _guarded(environment, *pin, interpreter, core))
            found[core] = known
        tell(f"{pin[0]} {pin[1]}: {len(bare.errors)} modules, {len(Row(bare, found).differences)} differences")
        return Row(bare, found)

    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        return list(pool.map(row, environment.pins))


def _known(store, pin):
    return store.known.get(pin)


def _add(store, found):
    # One file for all, and a line may be longer than one write.
    with ADDING:
        store.add(found)
    return found


def _bare(environment, name, version):
    folder = Path(tempfile.mkdtemp(prefix="compat-"))
    try:
        wanted = modules.modules_of(environment.site, name).plain
        return result.Result(name, version, trial.play(trial.Stage(environment.python, folder), wanted))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _guarded(environment, name, version, interpreter, core):
    options = ("--mode", "enforce", "--core", core)
    return looking.look(environment, name, version, looking.Terms(str(interpreter.path), guarded.launcher(), options=options))
