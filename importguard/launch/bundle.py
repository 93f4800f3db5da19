"""The trusted base as one marshalled file: a guarded process starts faster when it opens one file and not thirty."""

import importlib.machinery
import marshal
import pathlib
import subprocess
import sys

from importguard import later

BUILDER = """
import sys
sys.path.insert(0, sys.argv[1])
from importguard.launch import bundle
sys.stdout.buffer.write(bundle.file_name().encode() + b"\\n" + bundle.build(bundle.ENABLED))
"""

# What every guarded process loads: a test holds this list against a guarded interpreter's own. Each comes after those
# that it imports, since they are executed in this order.
FIRST = (
    "importguard",
    "importguard.pinned",
    "importguard.later",
    "importguard.core",
    "importguard.errors",
    "importguard.finder",
    "importguard.messages",
    "importguard.report",
    "importguard.report.sink",
    "importguard.recorder",
    "importguard.paths",
    "importguard.session",
    "importguard.ldpreload",
    "importguard.childargs",
    "importguard.wraps",
    "importguard.wraps.carrier",
    "importguard.wraps.deferred",
    "importguard.wraps.environ",
    "importguard.wraps.fresh",
    "importguard.wraps.inherited",
    "importguard.core.events",
    "importguard.wraps.spawn",
    "importguard.kernel",
    "importguard.kernel.inside",
    "importguard.guard",
    "importguard.startup",
)
TRUSTED = tuple(dict.fromkeys((*FIRST, *later.ATTENDING, *later.DECIDING, *later.CORE)))

# What an enabled environment loads beside it, to see what ran before the guard.
ENABLED = ("importguard.startupfiles", "importguard.startupfiles.early")


def file_name():
    """Return the bundle's name for this interpreter: it holds bytecode, and so fits one version of CPython only."""
    return f"base-{sys.implementation.cache_tag}-{sys.hexversion:x}.bin"


def build(more=()):
    """Return the bundle for this interpreter, marshalled: what is executed at once, in order, as (module, is a package,
    file, code), and the rest by name, with the code marshalled once more."""
    first = [_entry(name) for name in (*FIRST, *more)]
    rest = {name: (is_package, file, marshal.dumps(code)) for name, is_package, file, code in map(_entry, TRUSTED) if name not in FIRST}
    return marshal.dumps((first, rest), 4)


def _entry(name):
    # By its place, and not by whoever finds modules here: pytest's own finder hands out loaders that rewrite the code.
    place = pathlib.Path(__file__).parents[2].joinpath(*name.split(".")[:-1])
    spec = importlib.machinery.PathFinder.find_spec(name, [str(place)])
    return name, bool(spec.submodule_search_locations), spec.origin, spec.loader.get_code(name)


def build_with(python):
    """Return (file name, bundle) for another interpreter, which builds it itself with ENABLED; None when it can't."""
    place = str(pathlib.Path(__file__).parents[2])
    done = subprocess.run([python, "-I", "-S", "-c", BUILDER, place], capture_output=True, check=False)
    name, _, data = done.stdout.partition(b"\n")
    return (name.decode("ascii"), data) if done.returncode == 0 and data else None
