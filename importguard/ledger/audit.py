"""Looks at site directories without running any of them: files against RECORD, bytecode against source."""

import os
from dataclasses import dataclass

from importguard.ledger import bytecode, drift, record, strays

MOST_JOBS = 4


@dataclass(frozen=True, slots=True)
class Look:
    """What an audit looks at: `site_dirs` of the interpreter `python` (3.11 has the `version` (3, 11)), top-level names
    that are `allowed` to be in no RECORD, and paths whose own installer `replaced` them since."""

    python: str
    version: tuple[int, int]
    site_dirs: tuple[str, ...]
    allowed: frozenset[str] = frozenset()
    replaced: frozenset[str] = frozenset()
    compares_bytecode: bool = True


def audit(look):
    """Return the Findings of a Look, sorted."""
    found = []
    for site_dir in look.site_dirs:
        found += [each for each in _site(look, site_dir) if each.path not in look.replaced]
    return sorted(set(found))


def _site(look, site_dir):
    distributions = record.read_all(site_dir)
    owners = {entry.path: recorded.name for recorded in distributions for entry in recorded.entries}
    paths = strays.walk(site_dir)
    system = strays.dpkg_files(site_dir)

    def owner_of(path):
        return owners.get(path) or owners.get(_source_of(path), "")

    for recorded in distributions:
        yield from recorded.problems
        yield from drift.compare(recorded, site_dir, system)
    yield from drift.shared(distributions)
    allowed = look.allowed | record.legacy_tops(site_dir)
    yield from strays.unowned(site_dir, paths, owners.keys() | system.keys(), allowed)
    yield from strays.shadowed(paths, owner_of)
    yield from strays.not_source(paths, owner_of)
    yield from bytecode.sourceless(paths, owner_of)
    yield from bytecode.unchecked(paths, owner_of)
    if look.compares_bytecode:
        tag = "cpython-%d%d" % look.version
        jobs = min(MOST_JOBS, os.cpu_count() or 1)
        yield from bytecode.differing(paths, look.python, tag, owner_of, jobs)


def _source_of(path):
    """Return the source that a path in __pycache__ is the bytecode of, else the path."""
    folder, name = os.path.split(path)
    if os.path.basename(folder) != "__pycache__":
        return path
    return os.path.join(os.path.dirname(folder), name.partition(".")[0] + ".py")
