"""The trusted base as one marshalled file: a guarded process starts faster when it opens one file and not thirty."""

import importlib.util
import marshal
import sys

# What arming loads, and nothing else does: a test holds this list against a guarded interpreter's own.
TRUSTED = (
    "importguard",
    "importguard.blame",
    "importguard.childargs",
    "importguard.core",
    "importguard.core.events",
    "importguard.core.pycore",
    "importguard.enforce",
    "importguard.errors",
    "importguard.finder",
    "importguard.guard",
    "importguard.identity",
    "importguard.ledger",
    "importguard.ledger.scan",
    "importguard.messages",
    "importguard.model",
    "importguard.paths",
    "importguard.pinned",
    "importguard.policy",
    "importguard.policy.decide",
    "importguard.policy.suggest",
    "importguard.policy.table",
    "importguard.policy.targets",
    "importguard.report",
    "importguard.report.sink",
    "importguard.session",
    "importguard.startup",
    "importguard.versions",
    "importguard.wraps",
    "importguard.wraps.carrier",
    "importguard.wraps.deferred",
    "importguard.wraps.spawn",
    "importguard.written",
)


def file_name():
    """Return the bundle's name for this interpreter: it holds bytecode, and so fits one version of CPython only."""
    return f"base-{sys.implementation.cache_tag}-{sys.hexversion:x}.bin"


def build():
    """Return the bundle for this interpreter: {module: (is a package, file, code)}, marshalled."""
    entries = {}
    for name in TRUSTED:
        spec = importlib.util.find_spec(name)
        entries[name] = (bool(spec.submodule_search_locations), spec.origin, spec.loader.get_code(name))
    return marshal.dumps(entries, 4)
