"""`importguard.arm()`: the guard for a program that can be started neither by `run` nor in an enabled environment."""

import os
import sys

from importguard import guard, session
from importguard.launch import command, inplace, prepare
from importguard.policy import compile as compiler
from importguard.policy import resolve


def arm(policy=None, *, mode=None, on_violation=None, records=None):
    """Arm this process from here on; there is no disarm, and a second call changes nothing.

    `policy` is the path of a policy, None for what is found as `importguard run` finds it; `mode` is "observe" or
    "enforce"; `records` is a file, "-" for standard error, or "fd:N". Raises PolicyError, UsageError or CannotArm.
    What was imported before this line ran unguarded: the `armed` record names those distributions as `before`.
    """
    if guard.guard is None:
        _arm({"policy": policy, "mode": mode, "on_violation": on_violation, "records": records})


def learn(policy=None, *, records):
    """Arm this process, enforcing, and return the Lesson that takes its records: what a lock could refuse is among them."""
    return _arm({"policy": policy, "mode": "enforce", "records": records}, learning=True)


def _arm(options, *, learning=False):
    environment = dict(os.environ)
    if learning:
        from importguard.launch import lesson  # before anything is guarded; who doesn't learn loads nothing of it

    resolved = resolve.resolve(options, environment, os.getcwd())
    inplace.require_no_plugins(resolved, "importguard.arm()")
    if resolved.mode == "off":
        return None
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
    for line in prepared.damage:
        armed.recorder.record("degraded", reason=line)
    return taken

