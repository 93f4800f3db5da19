"""Small programs that behave under the guard as they do without it; each was told from a test of CPython's own."""

import pytest
from support import guarded, worlds

LAST_OBJECTS = """
import sys

class Last:
    def __init__(self):
        self.itself = self
    def __del__(self):
        print("finalized", sys.version_info[0])

class Simple:
    def __del__(self):
        print("finalized as well")

last, simple = Last(), Simple()
print("started")
"""
PROGRAMS = {
    "its last objects are finalized": LAST_OBJECTS,
}


@pytest.fixture
def place(tmp_path, empty_environment):
    with worlds.furnished(tmp_path, empty_environment) as world:
        yield world


@pytest.mark.parametrize("core", ["c", "py"])
@pytest.mark.parametrize("program", PROGRAMS.values(), ids=PROGRAMS)
def test_a_program_of_which_a_guard_could_make_something_else(place, any_interpreter, program, core):
    """It says the same bare, observed and under recommended, and ends the same."""
    command = [any_interpreter.path, "-I", "-c", program]
    bare = guarded.run(place, command, mode=guarded.UNGUARDED)
    assert bare.returncode == 0 and bare.stdout, bare.story()

    for mode in (guarded.OBSERVE, guarded.RECOMMENDED):
        outcome = guarded.run(place, command, mode=mode, options=("--core", core))

        assert (outcome.stdout, outcome.returncode) == (bare.stdout, bare.returncode), f"{mode}: {outcome.story()}"
        assert {record["core"] for record in outcome.records if record["event"] == "armed"} == {core}, outcome.story()
