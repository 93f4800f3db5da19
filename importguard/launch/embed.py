"""`importguard.arm()`: the guard for a program that can be started neither by `run` nor in an enabled environment."""

import atexit
import contextlib
import os
import sys
import typing

from importguard import guard, later, model, session
from importguard.launch import bundle, command, directory, inplace, prepare, together, tree
from importguard.policy import compile as compiler
from importguard.policy import decide, resolve
from importguard.policy import table as tables

FIRST_OWN = 64  # no descriptor of ours has a number below: programs expect the lowest ones to be free
RUNNER = "pytest"
SUITE = "pytest: start it by `importguard run -- pytest --importguard`"


def arm(policy=None, *, mode=None, on_violation=None, records=None):
    """Arm this process from here on; there is no disarm, and a second call changes nothing.

    `policy` is the path of a policy, None for what is found as `importguard run` finds it; `mode` is "observe" or
    "enforce"; `records` is a file, "-" for standard error, or "fd:N". Raises PolicyError, UsageError or CannotArm.
    What was imported before this line ran unguarded: the `armed` record names those distributions as `before`.
    """
    if guard.guard is None:
        _arm({"policy": policy, "mode": mode, "on_violation": on_violation, "records": records}, "importguard.arm()")


def arm_suite(policy, *, mode, records, learning):
    """Arm a run of pytest; return (lines for its user, the Lesson that takes its records or None).

    A lesson's records have what a lock could refuse among them.
    """
    return _arm({"policy": policy, "mode": mode, "records": records}, SUITE, program=RUNNER, learning=learning, late="stderr")


def _arm(options, where, *, program="", learning=False, late=""):
    """`program` is the distribution that acts for the user where a script of the user's own has been started; `late` is
    where records go once `records` isn't there any more."""
    environment = dict(os.environ)
    if learning:
        from importguard.launch import lesson  # before anything is guarded; who doesn't learn loads nothing of it

    resolved = resolve.resolve(options, environment, os.getcwd())
    inplace.require_no_plugins(resolved, where)
    if resolved.mode == "off":
        return (), None
    if resolved.lock and not learning:
        together.load(together.LOCKED)
    me = command.Command(sys.executable, (sys.executable, *sys.orig_argv[1:]), sys.executable, "")
    found = prepare.look(me, environment, is_own=True)
    target = inplace.records(resolved.records)
    prepared = prepare.prepare(
        found, resolved, environment, sys.orig_argv, records=target, late=late, inside=True, recording=learning, unlocked=learning
    )
    compiler.forget()
    content = session.load(prepared.directory.session)
    taken = lesson.Lesson(found.sites, prepared.named, resolved, prepared.table) if learning else None
    told = {**guard.TYPED_BY_THE_USER, "program": found.program or program, "session": prepared.directory.session}
    _keep(prepared)
    armed = guard.arm(content, told, is_late=True)
    armed.corridor.program_starts()
    atexit.register(_let_go)
    for line in prepared.damage:
        armed.recorder.record("degraded", reason=line)
    return resolved.notices, taken


def _keep(prepared):
    """Keep the session until this process ends, and have it removed then.

    Before anything is guarded, so that the removal is the application's work, whoever has called; where the policy refuses
    the application that, the session is left to the next run's sweep.
    """
    held = directory.hold(prepared.directory, above=FIRST_OWN)
    if all(_may_remove(table, prepared.directory) for table in (prepared.table, prepared.table["candidate"]) if table):
        atexit.register(_leave, prepared.directory, held, os.getpid())


def _may_remove(table, place):
    loaded = tables.load(table)
    asked = [("fs.read", "/proc/1/environ"), ("fs.list", "/proc"), ("fs.list", place.path), ("fs.write", place.session)]
    requests = [
        model.Request(capability, target, None, model.APP, (), "run", "", "audit") for capability, target in asked
    ]
    return all(decide.decide(loaded, request).verdict == "allow" for request in requests)


def _leave(place, held, owner):
    """Remove the session, unless somebody still needs it; a fork that ends has nothing to remove."""
    if os.getpid() != owner:
        return
    with contextlib.suppress(OSError):
        # Where the program has closed it, the number may be another file's by now.
        if os.path.samestat(os.fstat(held), os.stat(place.outer)):
            os.close(held)
    # To look at each process of the machine takes longer than all the rest, so it is for those who have started some; in
    # Python's core it takes so long that the next run's sweep is to do it.
    armed: typing.Any = guard.guard  # None where arming has failed
    looks = armed is None or armed.core.name == "c"
    if not tree.has_had_children() or (looks and not directory.is_used(place.outer)):
        directory.remove(place)


def _let_go():
    """Leave the guard, when the interpreter ends, with the parts that it would have below `run`.

    What arming took besides leads to `typing`, and from there to most of what the program is made of: its objects would
    outlive the first collection of an interpreter that ends, which goes through them all once more.
    """
    kept = {*bundle.TRUSTED, *later.ADVISORIES}
    for name in [name for name in sys.modules if name.startswith("importguard.") and name not in kept]:
        later.loaded.pop(name, None)
        package, _, attribute = name.rpartition(".")
        getattr(sys.modules.get(package), "__dict__", {}).pop(attribute, None)
