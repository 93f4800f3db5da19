"""Everything that happens before the command starts: policy, ledger, preflight, session file."""

import pathlib
import time
from dataclasses import dataclass

import importguard
from importguard import core, session
from importguard.advisories import locate
from importguard.childargs import guard_child
from importguard.launch import bundle, directory, preflight, preloading, target
from importguard.policy import compile as compiler
from importguard.policy import named


@dataclass(frozen=True, slots=True)
class Prepared:
    """A session that is ready to be used: its directory, what was found beforehand, and whose command is run."""

    directory: directory.Directory
    target: target.Target
    records: tuple[dict, ...]
    damage: tuple[str, ...]
    mode: str
    preload: str


def look(command, environment):
    """Return the Target of a Command that starts in the working directory."""
    return target.look(command, environment, folder=str(pathlib.Path.cwd()))


def prepare(found, resolved, environment, argv, *, records):
    """Make the session for a Target and a resolved policy; guarded processes write to `records`, "" for a pipe."""
    marked = preflight.mark_malicious(found.sites, preflight.open_databases(), resolved.malicious)
    unknown, known = [], ()
    if found.interpreter is not None:
        version = found.interpreter.version[:2]
        unknown, known = preflight.look_at_startup_files(found.site_dirs, found.sites, version)
    place = directory.create(environment)
    preload, missing = preloading.find()
    table = compiler.table(resolved, _named(found, resolved, environment, place))
    content = {
        "v": session.FORMAT,
        "version": importguard.__version__,
        "package": named.package_folder(),
        "directory": place.path,
        "table": session.shut(table),
        "flat": core.flat(table, named.package_folder()),
        "flat_candidate": core.flat(table["candidate"], named.package_folder()) if table["candidate"] else None,
        "ledger": {"sites": found.sites},
        "records": records or place.pipe,
        "supervised": not records,
        "late": _late(resolved.records),
        "startup_known": known,
        "databases": tuple(str(path) for path in locate.paths()),
        "started": time.time(),
        "app_roots": found.app_roots,
        "program": found.program,
        "core": resolved.core,
        "preload": preload,
        "missing": (missing,) if missing else (),
        "argv": tuple(argv),
    }
    directory.write_file(place, bundle.file_name(), bundle.build())
    directory.write_file(place, directory.SESSION, session.pack(content))
    return Prepared(place, found, (*marked, *unknown), tuple(preflight.damage(found.sites)), resolved.mode, preload)


def _late(records):
    """Return where a daemon writes that outlives the supervisor: to the records file itself, else nowhere."""
    return f"file:{records}" if records.startswith("/") else ""


def guarded(prepared, argv, environment):
    """Return (argv, environment) that start the command, or any Python below it, under the guard."""
    spawn = {
        "session": prepared.directory.session,
        "ahead": named.package_folder() + "/ahead",
        "preload": prepared.preload,
        "phase": "run",
        "kind": "app",
        "name": "application",
        "program": prepared.target.program,
        "mode": prepared.mode,
    }
    return guard_child(list(argv), dict(environment), spawn)


def _named(found, resolved, environment, place):
    given = {"$site": found.site_dirs, "$own": [place.outer]}
    if found.interpreter is not None:
        prefixes = (found.interpreter.prefix, found.interpreter.base_prefix)
        given |= {"$prefix": tuple(dict.fromkeys(prefixes)), "$stdlib": found.interpreter.stdlib}
    return named.surroundings(environment, pathlib.Path.cwd(), given)
