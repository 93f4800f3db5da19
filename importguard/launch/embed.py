"""`importguard.arm()`: the guard for a program that can be started neither by `run` nor in an enabled environment."""

import atexit
import os
import sys

from importguard import guard, later, session
from importguard.launch import bundle, command, inplace, prepare, together
from importguard.policy import compile as compiler
from importguard.policy import resolve

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
    return _arm({"policy": policy, "mode": mode, "records": records}, SUITE, learning=learning)


def _arm(options, where, *, learning=False):
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
        found, resolved, environment, sys.orig_argv, records=target, inside=True, recording=learning, unlocked=learning
    )
    compiler.forget()
    content = session.load(prepared.directory.session)
    taken = lesson.Lesson(found.sites, prepared.named, resolved, prepared.table) if learning else None
    told = {**guard.TYPED_BY_THE_USER, "program": found.program, "session": prepared.directory.session}
    armed = guard.arm(content, told, is_late=True)
    armed.corridor.program_starts()
    atexit.register(_let_go)
    for line in prepared.damage:
        armed.recorder.record("degraded", reason=line)
    return resolved.notices, taken


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
