"""The trusted base as one marshalled file: a guarded process starts faster when it opens one file and not thirty."""

import importlib.util
import marshal
import pathlib
import subprocess
import sys

BUILDER = """
import sys
sys.path.insert(0, sys.argv[1])
from importguard.launch import bundle
sys.stdout.buffer.write(bundle.file_name().encode() + b"\\n" + bundle.build(bundle.ENABLED))
"""

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

# What an enabled environment loads beside it, to see what ran before the guard.
ENABLED = ("importguard.startupfiles", "importguard.startupfiles.early")


def file_name():
    """Return the bundle's name for this interpreter: it holds bytecode, and so fits one version of CPython only."""
    return f"base-{sys.implementation.cache_tag}-{sys.hexversion:x}.bin"


def build(more=()):
    """Return the bundle for this interpreter: {module: (is a package, file, code)}, marshalled."""
    entries = {}
    for name in (*TRUSTED, *more):
        spec = importlib.util.find_spec(name)
        entries[name] = (bool(spec.submodule_search_locations), spec.origin, spec.loader.get_code(name))
    return marshal.dumps(entries, 4)


def build_with(python):
    """Return (file name, bundle) for another interpreter, which builds it itself with ENABLED; None when it can't."""
    place = str(pathlib.Path(__file__).parents[2])
    done = subprocess.run([python, "-I", "-S", "-c", BUILDER, place], capture_output=True, check=False)
    name, _, data = done.stdout.partition(b"\n")
    return (name.decode("ascii"), data) if done.returncode == 0 and data else None
