"""Each way to take the guard away that is known, a file each: then comes the deed, and the ground truth says whether it was done.

A file does its work when it is imported, or in its `run`, which the application calls. It is shipped in a wheel.
"""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1]))

import attempts  # noqa: E402
from attempts import HEAD, RAN, STOLEN, Attempt  # noqa: E402

FOLDER = Path(__file__).parent
FILES = sorted(path for path in FOLDER.glob("*.py") if path != Path(__file__))
STAGE = HEAD + """
import contextlib

def trying():
    return contextlib.suppress(Exception)

def tampered():
    # A technique that no longer finds what it changes would be held for no reason: it has to say that it did.
    print("TAMPERED", flush=True)

def everything_known():
    # Every object of the guard that can be reached from the one that its module holds.
    module, found, seen = sys.modules.get("importguard.guard"), [], set()
    todo = [module.guard] if module else []
    while todo:
        thing = todo.pop()
        if id(thing) in seen or not type(thing).__module__.startswith("importguard"):
            continue
        seen.add(id(thing))
        found.append(thing)
        slots = getattr(type(thing), "__slots__", ())
        todo += [*getattr(thing, "__dict__", {}).values(), *(getattr(thing, name, None) for name in slots if type(slots) is tuple)]
    return found

def everything():
    # The same, once everything is there that is made when it is first needed.
    with trying():
        later = sys.modules["importguard.later"]
        later.load(later.DECIDING)
    for name in ("inquiry", "spawner", "enforcer", "_closer"):
        for thing in everything_known():
            with trying():
                getattr(thing, name)()
    return everything_known()

DEED = f"import posix; posix.write(posix.open({LOOT!r}, 65, 384), posix.read(posix.open({AWS!r}, 0), 9999))"
"""
APP = "import {package}.{name} as package\ngetattr(package, 'run', int)()\nfor _ in range(1000):\n    pass\n"
SHOWS = {"memory_of_the_process": RAN, "memory_by_a_descriptor_of_its_folder": RAN, "memory_from_its_folder": RAN}
# What a technique needs to be let have.
POLICIES = {"exhausted_memory": 'version = 1\n[package.acme-tamper]\nimport.allow = ["native.call:_testcapi"]\n'}
# What nothing stops yet: the versions, and the anchor of the limits that says so.
OPEN = {}


def attempt_of(path):
    """Return the Attempt that a file holds."""
    versions, section = OPEN.get(path.stem, ((), ""))
    shows = SHOWS.get(path.stem, STOLEN)
    return Attempt(path.read_text(), shows, APP, POLICIES.get(path.stem), open_on=versions, section=section)


ATTEMPTS = {path.stem: attempt_of(path) for path in FILES}


@pytest.fixture(scope="session")
def room(tmp_path_factory):
    """The Room of one distribution that has a module for each file."""
    return attempts.Room("acme_tamper", ATTEMPTS, tmp_path_factory.mktemp("tamper"), {"acme_tamper/stage.py": STAGE})


@pytest.mark.parametrize("name", ATTEMPTS)
def test_deed_is_done_unguarded(name, room, interpreter, tmp_path):
    """The control: without the guard the technique has nothing to take away, and the deed is done."""
    attempts.assert_works(room, name, interpreter, tmp_path)


@pytest.mark.parametrize("name", ATTEMPTS)
def test_deed_is_not_done_guarded(name, room, any_interpreter, tmp_path, request):
    """Guarded by the core in C, the technique takes nothing away."""
    attempts.assert_stopped(room, name, any_interpreter, tmp_path, request)
