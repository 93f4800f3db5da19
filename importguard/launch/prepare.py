"""Everything that happens before the command starts: policy, ledger, preflight, session file."""

import functools
import pathlib
import time
import typing

import importguard
from importguard import core, session, sessionfile
from importguard.advisories import locate
from importguard.childargs import guard_child
from importguard.errors import CannotArm
from importguard.kernel import machine
from importguard.kernel import plan as kernel
from importguard.launch import bundle, directory, preflight, preloading, reserved, target, vouching
from importguard.ledger import holdings
from importguard.policy import compile as compiler
from importguard.policy import named
from importguard.policy import table as tables

LAYERS = ("seccomp", "landlock", "supervisor")


class Prepared(typing.NamedTuple):
    """A session that is ready to be used: its directory, what was found beforehand, and whose command is run.

    `table` is the content of its table, `named` what named targets stand for.
    """

    directory: directory.Directory
    target: target.Target
    records: tuple[dict, ...]
    damage: tuple[str, ...]
    mode: str
    preload: str
    kernel: kernel.Plan
    table: dict
    named: dict


def look(command, environment, *, is_own=False):
    """Return the Target of a Command that starts in the working directory, or that this process is."""
    return target.look(command, environment, folder=str(pathlib.Path.cwd()), is_own=is_own)


def prepare(found, resolved, environment, argv, **options):
    """Make the session for a Target and a resolved policy, as `_prepare` does; what can't be made leaves no folder behind."""
    place = directory.create(environment)
    try:
        return _prepare(place, found, resolved, environment, argv, **options)
    except BaseException:
        directory.remove(place)
        raise


def _prepare(
    place, found, resolved, environment, argv, *, records, late="", inside=False, plugins=None, recording=False, unlocked=False,
    asks=0, times_imports=False,
):  # fmt: skip
    """Make the session in a Directory; guarded processes write to `records`, "" for a pipe.

    `late` is where they write once `records` isn't there any more, "" for what the policy has. `inside`: this very process is to be
    guarded, which nobody can start with the kernel's layers over it any more.
    `plugins` is a plugins.host.Host, whose plugins may know more owners and advisories, and deny more. Where processes are
    `recording`, they record what is allowed as well, as far as a lock could refuse it. `unlocked`: no lock counts.
    `asks`: for how many seconds the launcher asks about what is refused, 0 where it doesn't. `times_imports`: how long modules take is recorded.
    """
    look_at_lock = _reader_of_lock(resolved) if resolved.lock and not unlocked else None
    if plugins:
        plugins.owners(found.sites)
    marked = preflight.mark_malicious(found.sites, preflight.open_databases(), resolved.malicious)
    if plugins:
        marked += preflight.mark_named(found.sites, plugins.advisories(found.sites), resolved.malicious)
        resolved = resolved._replace(locked=(*resolved.locked, *plugins.policies(found.sites)))
    unknown, known = [], ()
    if found.interpreter is not None:
        version = found.interpreter.version[:2]
        unknown, known = preflight.look_at_startup_files(found.site_dirs, found.sites, version)
    resolved = resolved._replace(locked=(*resolved.locked, reserved.policy(place)))
    if asks:
        from importguard.ask import listener
        from importguard.launch import asking  # most runs ask nobody

        resolved = resolved._replace(locked=(*resolved.locked, asking.policy(place.path)))
    preload, missing = preloading.find()
    surroundings = named_targets(found, environment, place.outer)
    lock = look_at_lock(resolved, found.sites, surroundings, known) if look_at_lock else vouching.Locked()
    vouched = [fields["target"] for fields in unknown if lock.vouches(fields)]
    unknown = [fields for fields in unknown if fields["target"] not in vouched]
    table = compiler.table(resolved, surroundings, lock=lock, learning=recording)
    made = _plan(resolved, table, surroundings, (place.outer, *_folder_of(records)), inside=inside, alone=bool(records))
    board = directory.make_board(place) if made.asking else ""
    content = {
        "v": session.FORMAT,
        "version": importguard.__version__,
        "package": named.package_folder(),
        "directory": place.path,
        "table": sessionfile.shut(table),
        "flat": core.flat(table, named.package_folder()),
        "flat_candidate": core.flat(table["candidate"], named.package_folder()) if table["candidate"] else None,
        "ledger": holdings.held(found.sites, tables.load(table).is_app),
        "records": records or place.pipe,
        "supervised": not records,
        "late": late or _late(resolved.records),
        "startup_known": (*known, *(vouched if resolved.lock_is_trusted else ())),
        "databases": tuple(str(path) for path in locate.paths()),
        "started": time.time(),
        "app_roots": found.app_roots,
        "program": found.program,
        "core": resolved.core,
        "preload": preload,
        "missing": (missing,) if missing else (),
        "kernel": kernel.told(
            made, held=not inside, required=resolved.seccomp == "require", board=board,
            must_be_supervised=resolved.supervisor == "require",
        ),  # fmt: skip
        "argv": tuple(argv),
        "times_imports": times_imports,
        "asker": listener.asker(place.path, asks) if asks else None,
    }
    directory.write_file(place, *bundle.build_for(found.interpreter))
    directory.write_file(place, directory.SESSION, sessionfile.pack(content))
    records = (*marked, *unknown, *lock.records)
    damage = (*preflight.damage(found.sites), *lost(made, resolved))
    return Prepared(place, found, records, damage, resolved.mode, preload, made, table, surroundings)


def _reader_of_lock(resolved):
    """Return what looks at a launch with the lock that is in force, which is read now; raises LockError."""
    from importguard.launch import locked  # a launch without a lock pays nothing for it

    return functools.partial(locked.look, locked.read(resolved))


def _plan(resolved, table, surroundings, own, *, inside, alone):
    """Return the Plan for the kernel, as this machine takes it; raises CannotArm where more is demanded. `alone`: there is no
    parent, and so nobody who supervises."""
    made = plan(resolved, table, surroundings, own, found=machine.Itself() if inside else None)
    if alone and made.asking:
        made = made.without("supervisor", kernel.ALONE)
    made = kernel.for_itself(made) if inside else _rehearsed(made)
    require(made, resolved)
    return made


def _rehearsed(made):
    from importguard.kernel import layers  # who guards itself, as a suite does, can rehearse nothing

    return layers.rehearse(made)


def plan(resolved, table, surroundings, own=(), *, found=None):
    """Return what a resolved policy asks of this machine's kernel (of `found`, where it is known already), untried."""
    return kernel.plan(
        table, surroundings, found or machine.look(), seccomp=resolved.seccomp, landlock_setting=resolved.landlock,
        is_strict=resolved.preset == "strict", supervisor=resolved.supervisor, hides=resolved.secrets != "off", own=own,
    )  # fmt: skip


def require(made, resolved):
    """Raise CannotArm where a layer is demanded and not had in full."""
    settings = {name: getattr(resolved, name) for name in LAYERS}
    refusals = kernel.refusals(made, **settings)
    if resolved.secrets == "require" and not made.hides:
        refusals = (*refusals, "secrets: somebody may read them, there are none, or there is no Landlock")
    if refusals:
        raise CannotArm("demanded of the kernel, and not to be had: " + "; ".join(refusals))


def lost(made, resolved):
    """Return what the kernel doesn't hold here although nobody switched it off."""
    off = [name for name in LAYERS if getattr(resolved, name) == "off"]
    return tuple(line for line in made.missing if line.partition(":")[0] not in off)


def _folder_of(records):
    """Return the folder that guarded processes write their own records to, in a list."""
    return [str(pathlib.Path(records.removeprefix("file:")).parent)] if records.startswith("file:") else []


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


def named_targets(found, environment, *own):
    """Return what named targets stand for in the launch of a Target; `own` are folders of importguard's."""
    given = {"$site": found.site_dirs, "$own": own}
    if found.interpreter is not None:
        prefixes = (found.interpreter.prefix, found.interpreter.base_prefix)
        given |= {"$prefix": tuple(dict.fromkeys(prefixes)), "$stdlib": found.interpreter.stdlib}
    return named.surroundings(environment, pathlib.Path.cwd(), given)
