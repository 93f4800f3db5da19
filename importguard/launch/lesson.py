"""Learns a lock: gathers what a run was allowed and what it was refused, and writes that down beside what is installed."""

import os
import pathlib
import typing

from importguard import errors, model
from importguard.launch import locked
from importguard.lock import deputies, generalise, merge, observed, read, write
from importguard.lock import model as locks
from importguard.policy import approval, decide, find
from importguard.policy import compile as compiler
from importguard.policy import table as tables
from importguard.report.compose import record
from importguard.report.redact import redact

INSTALLED = ("$site", "$stdlib", "$prefix", "$bin")
FORGED = "a record says that something was allowed which the policy refuses, and is not learnt"


class Learnt(typing.NamedTuple):
    """What was written: the lock's `path`, how many things are `new` in it, and what was `refused` now, a line each."""

    path: str
    distributions: int
    new: int
    refused: tuple[str, ...]

    @property
    def summary(self):
        """What was written, in a line."""
        new = "nothing new" if not self.new else f"{self.new} {'things' if self.new > 1 else 'thing'} new"
        return f"{self.path}: {self.distributions} distributions and start-up files, {new}"


class Lesson:
    """Takes the records of one run. `sites` is the ledger of its environment, `named` its named targets.

    `table` is the content of a table that is learning. Where they are `doubted`, each record is judged by it once more:
    whoever is guarded can write records, and must not write a grant.
    """

    def __init__(self, sites, named, resolved, table, *, doubted=True):
        self.installed = locked.installed(sites, resolved)
        owner_of = locked.owner_of(sites)
        versions = {entry.name: entry.version for entry in self.installed if entry.kind == locks.DISTRIBUTION}
        self.observed = observed.Observed(generalise.Names(named, owner_of), versions)
        self.policy = _loaded(table, owner_of)
        self.doubted = doubted
        ceiling = compiler.ceiling(named, compiler.CEILING)
        self.ceiling = _loaded({**table, "rules": ceiling}, owner_of)
        # Where nobody puts files at run time; elsewhere a file may have been written by those whom it serves.
        self.installed_in = [folder for root in INSTALLED for folder in named.get(root, ())]
        self.ceiling.is_written = self._may_be_written

    def take(self, fields):
        """Take one record; return it, or the record that takes its place."""
        if fields["event"] != "decision":
            return fields
        if fields["verdict"] == "allow":
            request = _request(fields)
            if self.doubted and decide.decide(self.policy, request).verdict != "allow":
                return record("degraded", pid=fields.get("pid", 0), reason=f"{FORGED}: {fields['target'][:200]!r}")
            if request.owner.kind != "app" and decide.decide(self.ceiling, request).verdict == "allow":
                # A lock has nothing to say of it.
                self.observed.take(redact({**fields, "owner": {"kind": "app"}}))
                return fields
        self.observed.take(redact(fields), self._caller(fields))
        return fields

    def _caller(self, fields):
        """Return who had it done, where the policy would let that one do it as well."""
        caller = fields.get("caller")
        if fields["verdict"] != "allow" or caller is None:
            return deputies.ITSELF
        is_allowed = decide.decide(self.policy, _request({**fields, "owner": caller})).verdict == "allow"
        return deputies.caller_of(caller) if is_allowed else deputies.ITSELF

    def _may_be_written(self, path):
        return not any(path.startswith(folder + "/") for folder in self.installed_in)

    def lock(self, known):
        """Return the Lock of what was learnt beside a Lock that is there: an entry for whatever is installed or asked."""
        return merge.merge(locks.lock(self.installed), locks.lock(self.observed.entries(known)))

    def refused(self):
        """Return a line for each thing that was refused."""
        return tuple(
            f"{entry.title}: {grant.phase}:{locks.text(grant)}"
            for entry in self.observed.entries()
            for grant in entry.refused
        )


def _loaded(content, owner_of):
    table = tables.load(content)
    table.owner_of = owner_of
    return table


def _request(fields):
    owner = model.Owner(*(fields["owner"].get(name, "") for name in model.Owner.__slots__))
    argv = fields.get("argv")
    return model.Request(
        fields["capability"], fields["target"], None if argv is None else tuple(argv), owner, (),
        fields.get("phase", ""), "", "",
    )  # fmt: skip


def place(wanted, environment):
    """Return the path of the lock to write: the one that is wanted, the project's, or one in the working directory."""
    if wanted:
        return os.path.abspath(wanted)
    found, _ = find.lock_file("", pathlib.Path.cwd(), home=environment.get("HOME"))
    return str(found) if found and found.parent != find.SYSTEM.parent else os.path.abspath(find.LOCK)


def before(path):
    """Return the Lock that is at a path, both sides of a merge that isn't resolved, an empty one where there is no file;
    raises LockError."""
    return read.read_both(path) if os.path.lexists(path) else locks.lock((), path)


def keep(lesson, known, path, environment):
    """Merge a lesson into the Lock that is `known`, write it to `path` unless nothing is new, and say what was learnt."""
    lock = merge.merge(known, lesson.lock(known))
    new = _things(lock) - _things(known)
    if new or not _is_written(lock, path):
        write.save(lock, path)
    _approve(path, environment)
    return Learnt(path, len(lock.entries), len(new), lesson.refused())


def _is_written(lock, path):
    """Say whether a file says what a Lock does: there may be none, or one with a conflict in it."""
    try:
        return read.read(path) == lock
    except errors.LockError:
        return False


def _approve(path, environment):
    """Whoever learns a lock approves it; without a home to remember that in, it may only tighten."""
    try:
        approval.approve(approval.File.of(path), environment)
    except errors.PolicyError:
        return


def _things(lock):
    """Return all that a Lock says: each table, and each line in it."""
    lines = {(entry.key, name, thing) for entry in lock.entries for name in merge.JOINED for thing in getattr(entry, name)}
    return lines | {(entry.key, "", "") for entry in lock.entries}
