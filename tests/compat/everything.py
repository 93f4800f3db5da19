"""Imports every module of distributions bare and under a preset, with either core, and says what differs."""

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
PRESET = "recommended"
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


def compare(environment, interpreter, path, *, cores=CORES, jobs=1, tell=print, preset=PRESET):
    """Return a Row for each distribution of an Environment; what `path` holds already isn't done again.

    Only what differed is: whoever looks for false alarms starts this again once they are mended. Under another preset than
    recommended only those modules are imported bare that can't be imported guarded.
    """
    usual = preset == PRESET
    stores = {mode: Store(path, _conditions(mode, preset, interpreter)) for mode in (BARE, *cores)}
    options = () if usual else ("--policy", _policy(Path(path).parent, preset))

    def row(pin):
        bare = _known(stores[BARE], pin) or (_add(stores[BARE], _bare(environment, *pin)) if usual else None)
        found = {}
        for core in cores:
            known = _known(stores[core], pin)
            if known is None or differences(bare or _alike(known), known):
                known = _add(stores[core], _guarded(environment, *pin, interpreter, core, options))
            found[core] = known
            bare = bare or _bare_where_it_failed(stores[BARE], environment, known)
        tell(f"{pin[0]} {pin[1]}: {len(bare.errors)} modules, {len(Row(bare, found).differences)} differences")
        return Row(bare, found)

    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        return list(pool.map(row, environment.pins))


def _conditions(mode, preset, interpreter):
    return f"{mode}, CPython {interpreter.version}" + (f", {preset}" if preset != PRESET else "")


def _policy(folder, preset):
    """Return the path of a policy that is a preset and nothing else."""
    file = folder / f"{preset}.toml"
    file.write_text(f'version = 1\nextends = "{preset}"\n')
    return str(file)


def _alike(found):
    return result.Result(found.name, found.version, found.errors)


def _bare_where_it_failed(store, environment, found):
    """Return what came of the modules that failed guarded when they are imported bare, kept like all results."""
    pin = found.name, found.version
    known = _known(store, pin)
    if known is not None and known.errors.keys() == found.errors.keys():
        return known
    failed = [module for module, error in found.errors.items() if error]
    tried = _bare(environment, *pin, failed).errors if failed else {}
    return _add(store, result.Result(*pin, {**dict.fromkeys(found.errors, ""), **tried}))


def _known(store, pin):
    return store.known.get(pin)


def _add(store, found):
    # One file for all, and a line may be longer than one write.
    with ADDING:
        store.add(found)
    return found


def _bare(environment, name, version, wanted=None):
    folder = Path(tempfile.mkdtemp(prefix="compat-"))
    try:
        wanted = modules.modules_of(environment.site, name).plain if wanted is None else wanted
        return result.Result(name, version, trial.play(trial.Stage(environment.python, folder), wanted))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _guarded(environment, name, version, interpreter, core, options):
    options = ("--mode", "enforce", "--core", core, *options)
    return looking.look(environment, name, version, looking.Terms(str(interpreter.path), guarded.launcher(), options=options))
