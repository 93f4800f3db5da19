"""Imports the modules of one environment bare, observed and under recommended, and says what differs."""

import json
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from support import guarded, worlds

PROGRAM = Path(__file__).with_name("importing.py")
REPORTED_ONLY = ("bytecode:", "advisory:warn", guarded.NOTICED)
ALARMS = ("tamper", "degraded", "killed")


@dataclass(frozen=True, slots=True)
class Finding:
    """What one module does: `error` is why it can't be imported bare, `alarms` what the guard made of it."""

    module: str
    error: str
    alarms: tuple[str, ...]


def compare(environment, modules, *, jobs=2, seconds=1800):
    """Return a Finding a module; `modules` is a list of dotted names."""
    errors, records = {}, {}
    for mode in guarded.MODES:
        errors[mode], records[mode] = import_all(environment, modules, mode, jobs, seconds)
    return [_finding(module, errors, records) for module in modules]


def import_all(environment, modules, mode, jobs, seconds):
    """Import each module in one mode; returns {module: error or ""} and {module: alarms}."""
    root = Path(tempfile.mkdtemp(prefix="compat-"))
    try:
        with worlds.furnished(root, environment) as world:
            shutil.copy(PROGRAM, world.project / PROGRAM.name)
            (world.project / "modules.json").write_text(json.dumps(modules))
            command = [environment.python, PROGRAM.name, "modules.json", jobs]
            outcome = guarded.run(world, command, mode=mode, seconds=seconds)
    finally:
        shutil.rmtree(root)
    if outcome.returncode:
        raise RuntimeError(outcome.story())
    results = json.loads(outcome.stdout)
    if mode != guarded.UNGUARDED:
        _check_armed(results, outcome)
    return {module: result["error"] for module, result in results.items()}, _alarms(results, outcome.records)


def _check_armed(results, outcome):
    armed = {record["pid"] for record in outcome.records if record["event"] == "armed"}
    silent = [module for module, result in results.items() if result["pid"] not in armed]
    if silent:
        raise RuntimeError(f"imported unguarded: {silent}")


def _alarms(results, records):
    modules = {result["pid"]: module for module, result in results.items()}
    alarms = {module: set() for module in [*modules.values(), "?"]}
    for record in records:
        if text := _alarm(record):
            module = modules.get(record["pid"]) or modules.get(record.get("ppid")) or "?"
            alarms[module].add(text)
    return alarms


def _alarm(record):
    if record["event"] in ALARMS:
        return f"{record['event']}: {record.get('reason', '')} {record.get('detail', '')}"
    if record["event"] != "decision" or record["rule"].startswith(REPORTED_ONLY):
        return ""
    argv = " ".join(record.get("argv", ())[1:])
    owner = record["owner"]["name"]
    return f"{owner} {record['phase']} {record['capability']} {record['target']} {argv} [{record['rule']}]"


def _finding(module, errors, records):
    bare = errors[guarded.UNGUARDED][module]
    alarms = []
    for mode in (guarded.OBSERVE, guarded.RECOMMENDED):
        if errors[mode][module] != bare:
            alarms.append(f"{mode}: {errors[mode][module] or 'imports'}, bare: {bare or 'imports'}")
        alarms += [f"{mode}: {text}" for text in sorted(records[mode][module] | records[mode]["?"])]
    return Finding(module, bare, tuple(alarms))
