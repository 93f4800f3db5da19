"""What a lock makes of a launch: the rules that it stands for, who is new to it, and what is said of them."""

import fnmatch
import os
import time

from importguard.launch import preflight, vouching
from importguard.lock import environment, model, quarantine, rules
from importguard.lock import read as reading
from importguard.policy import compile as compiler
from importguard.report.compose import record
from importguard.startupfiles import hook

MOST_SAID = 8
NAMES_SAID = 6


def installed(sites, resolved):
    """Return the lock's Entry for each distribution and start-up file that is here and not the application's own."""
    patterns = [name for policy in (*resolved.locked, *resolved.policies) for name in policy.app]
    ours = (hook.PTH.encode(), hook.START.encode(), hook.SITECUSTOMIZE.encode())
    return environment.entries(
        sites, lambda name: any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns), ours
    )


def read(resolved):
    """Return the Lock that is in force, None where there is none; raises LockError."""
    return reading.read(resolved.lock) if resolved.lock else None


def look(lock, resolved, sites, named, known=()):
    """Return the Locked of a launch, by a Lock or None; `known` are the paths of start-up files that are well known."""
    if lock is None:
        return vouching.Locked()
    label = os.path.basename(resolved.lock)
    here = installed(sites, resolved)
    ages = _ages(resolved, sites) if resolved.least_age else {}
    new = quarantine.find(lock, here, label=label, ages=ages, least_age=resolved.least_age)
    keys = {entry.key for entry in here} - {one.entry.key for one in new}
    found = rules.rules(lock, keys, named, label=label, is_trusted=resolved.lock_is_trusted)
    acting = rules.deputies_of(lock, keys, label=label) if resolved.lock_is_trusted else ()
    names = []
    for one in new:
        if one.entry.kind == model.DISTRIBUTION:
            names.append(one.entry.name)
            layer = _layer(resolved)
            found += rules.of_quarantine(one.entry.name, resolved.quarantine, named, label=label, layer=layer)
    records = tuple(_records(_worth_saying(new, known), resolved.quarantine, label))
    vouched = frozenset(_startup_files(entry for entry in here if entry.key in keys))
    return vouching.Locked(tuple(found), acting, tuple(names), records, vouched)


def _ages(resolved, sites):
    from importguard.lock import uploads  # few ask how old a release is

    return quarantine.ages(sites, uploads.read(os.path.dirname(resolved.lock)), time.time())


def _startup_files(entries):
    for entry in entries:
        if entry.kind == model.STARTUP:
            yield "", entry.name
        for name, _digest in entry.startup_files:
            yield entry.name, name


def _layer(resolved):
    """Return where the profile of the quarantine counts: with a lock that nobody approved it may not give anything."""
    gives = resolved.quarantine in ("observe", "recommended")
    return compiler.UNTRUSTED_LOCK if gives and not resolved.lock_is_trusted else compiler.LOCK


def _worth_saying(new, known):
    names = {os.path.basename(path) for path in known}
    return [one for one in new if one.entry.kind == model.DISTRIBUTION or one.entry.name not in names]


def _records(new, profile, label):
    """Yield a record for each that is new, one for all that are left where there are many."""
    for one in new[:MOST_SAID]:
        yield _record(one.entry, f"quarantined ({profile}): {one.entry.title}: {one.reason}", label)
    rest = new[MOST_SAID:]
    if rest:
        names = ", ".join(one.entry.title for one in rest[:NAMES_SAID])
        more = ", …" if len(rest) > NAMES_SAID else ""
        yield _record(
            rest[0].entry,
            f"quarantined ({profile}): {len(rest)} more that {label} doesn't vouch for: {names}{more}",
            label,
        )


def _record(entry, reason, label):
    owner = {"name": entry.name, "version": entry.version, "kind": entry.kind}
    return record(
        "decision", pid=0, verdict="log", capability="import", target=entry.name, owner=owner, via=[], phase="startup",
        module=entry.name, rule=f"{label}: quarantine", reason=reason, layer="scan", stack=[], count=1,
    )  # fmt: skip


def owner_of(sites):
    """Return a function that says whose a path is."""
    return lambda path: preflight.owner_of(path, sites)
