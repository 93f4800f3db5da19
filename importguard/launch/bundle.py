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

# What arming loads, and nothing else does: a test holds this list against a guarded interpreter's own. Each comes after
# those that it imports, since they are executed in this order.
TRUSTED = (
    "importguard",
    "importguard.pinned",
    "importguard.core",
    "importguard.model",
    "importguard.blame",
    "importguard.errors",
    "importguard.messages",
    "importguard.policy",
    "importguard.versions",
    "importguard.policy.suggest",
    "importguard.report",
    "importguard.report.sink",
    "importguard.recorder",
    "importguard.enforce",
    "importguard.finder",
    "importguard.inside",
    "importguard.paths",
    "importguard.ledger",
    "importguard.ledger.scan",
    "importguard.identity",
    "importguard.policy.targets",
    "importguard.policy.table",
    "importguard.policy.decide",
    "importguard.imports",
    "importguard.wraps",
    "importguard.wraps.carrier",
    "importguard.wraps.deferred",
    "importguard.wraps.environ",
    "importguard.wraps.fresh",
    "importguard.wraps.inherited",
    "importguard.session",
    "importguard.childargs",
    "importguard.core.events",
    "importguard.core.pycore",
    "importguard.core.ctags",
    "importguard.wraps.spawn",
    "importguard.written",
    "importguard.corridor",
    "importguard.guard",
    "importguard.startup",
)

# What an enabled environment loads beside it, to see what ran before the guard.
ENABLED = ("importguard.startupfiles", "importguard.startupfiles.early")


def file_name():
    """Return the bundle's name for this interpreter: it holds bytecode, and so fits one version of CPython only."""
    return f"base-{sys.implementation.cache_tag}-{sys.hexversion:x}.bin"


def build(more=()):
    """Return the bundle for this interpreter: (module, is a package, file, code) of each in order, marshalled."""
    specs = [importlib.util.find_spec(name) for name in (*TRUSTED, *more)]
    entries = [
        (spec.name, bool(spec.submodule_search_locations), spec.origin, spec.loader.get_code(spec.name)) for spec in specs
    ]
    return marshal.dumps(entries, 4)


def build_with(python):
    """Return (file name, bundle) for another interpreter, which builds it itself with ENABLED; None when it can't."""
    place = str(pathlib.Path(__file__).parents[2])
    done = subprocess.run([python, "-I", "-S", "-c", BUILDER, place], capture_output=True, check=False)
    name, _, data = done.stdout.partition(b"\n")
    return (name.decode("ascii"), data) if done.returncode == 0 and data else None
