"""The trusted base as one marshalled file: a guarded process starts faster when it opens one file and not thirty."""

import importlib.machinery
import marshal
import pathlib
import sys
import types

from importguard import later
from importguard.launch import prebuilt

BUILDER = """
import sys
sys.path.insert(0, sys.argv[1])
from importguard.launch import bundle
sys.stdout.buffer.write(bundle.file_name().encode() + b"\\n" + bundle.build(sys.argv[2:]))
"""

# What every guarded process loads: a test holds this list against a guarded interpreter's own. Each comes after those
# that it imports, since they are executed in this order.
FIRST = (
    "importguard",
    "importguard.pinned",
    "importguard.later",
    "importguard.core",
    "importguard.session",
    "importguard.ldpreload",
    "importguard.surroundings",
    "importguard.attendant",
    "importguard.kernel",
    "importguard.kernel.inside",
    "importguard.wraps",
    "importguard.wraps.inherited",
    "importguard.wraps.fresh",
    "importguard.wraps.spawn",
    "importguard.guard",
    "importguard.startup",
)
WITH_C = tuple(dict.fromkeys((*FIRST, *later.RECORDING, *later.INQUIRING, *later.IMPORTS, *later.STARTING, *later.TIMINGS, *later.ISOLATING, *later.HOLDING, *later.ATTENDING)))
# The rest is what the core in Python needs besides: who has the other one, never asks for it.
TRUSTED = tuple(dict.fromkeys((*WITH_C, *later.ENVIRON, *later.DECIDING, *later.CORE)))

# What an enabled environment loads beside it, to see what ran before the guard.
ENABLED = ("importguard.startupfiles", "importguard.startupfiles.early")

BASE = "importguard.ahead.base"
NUMBER = 8  # as in ahead/base.py
# Flags of code objects: of a function, and from 3.13 on of one that has a docstring.
OPTIMIZED, HAS_DOCSTRING = 0x1, 0x4000000
OWN = (sys.implementation.name, sys.version_info[:3])


def file_name():
    """Return the bundle's name for this interpreter: it holds bytecode, and so fits one version of CPython only."""
    return f"base-{sys.implementation.cache_tag}-{sys.hexversion:x}.bin"


def build(more=()):
    """Return the bundle for this interpreter: the size of its head; the head, which is read at once; and the marshalled code of
    what is loaded later, first what serves the core in C as well. The head has the code of ahead/base.py, what is executed at once,
    in order, as (module, is a package, file, code), the rest by name, as (is a package, file, start, size), and how much of that
    serves the core in C."""
    kept = prebuilt.read(_kept_as())
    first = tuple(_opened(name, kept) for name in (*FIRST, *more))
    places, body, of_c = {}, [], 0
    at = 0
    for name in TRUSTED:
        if name not in FIRST:
            is_package, file, data = kept.get(name) or _shut(name)
            places[name] = (is_package, file, at, len(data))
            body.append(data)
            at += len(data)
            of_c = at if name in WITH_C else of_c
    head = marshal.dumps((_opened(BASE, kept)[-1], first, places, of_c), 4)
    return b"".join((len(head).to_bytes(NUMBER, "little"), head, *body))


def keep(folder):
    """Put what an interpreter like this one needs below the folder of a build."""
    prebuilt.keep(map(_entry, (BASE, *TRUSTED)), _kept_as(), folder)


def _kept_as():
    return file_name().replace("base-", "kept-")


def _opened(name, kept):
    if name not in kept:
        return _entry(name)
    is_package, file, data = kept[name]
    return name, is_package, file, marshal.loads(data)


def _shut(name):
    _, is_package, file, code = _entry(name)
    return is_package, file, marshal.dumps(code)


def _entry(name):
    # By its place, and not by whoever finds modules here: pytest's own finder hands out loaders that rewrite the code.
    file = prebuilt.ROOT.joinpath(*name.split("."))
    is_package = file.is_dir()
    file = str(file / "__init__.py" if is_package else file.with_suffix(".py"))
    return name, is_package, file, without_docstrings(importlib.machinery.SourceFileLoader(name, file).get_code(name))


def without_docstrings(code):
    """Return code whose functions have no docstrings: who reads those has the source."""
    constants = [without_docstrings(value) if isinstance(value, types.CodeType) else value for value in code.co_consts]
    is_function = code.co_flags & OPTIMIZED and code.co_name[0] != "<"
    if is_function and (sys.version_info < (3, 14) or code.co_flags & HAS_DOCSTRING):
        constants[0] = None  # up to 3.13 a function without one has None there
    return code.replace(co_consts=tuple(constants))


def build_for(interpreter):
    """Return (file name, bundle) for the interpreter of a command, which builds it itself where it isn't this one's like.

    `interpreter` has `path`, `implementation` and `version`, or is None; what can't be built is this one's.
    """
    is_other = interpreter is not None and (interpreter.implementation, interpreter.version) != OWN
    return (build_with(interpreter.path, ()) if is_other else None) or (file_name(), build())


def build_with(python, more=ENABLED):
    """Return (file name, bundle) for another interpreter, which builds it itself with ENABLED beside the rest; None when it can't."""
    import subprocess  # most commands are run by an interpreter like this one

    place = str(pathlib.Path(__file__).parents[2])
    done = subprocess.run([python, "-I", "-S", "-c", BUILDER, place, *more], capture_output=True, check=False)
    name, _, data = done.stdout.partition(b"\n")
    return (name.decode("ascii"), data) if done.returncode == 0 and data else None
