"""The guard's own objects and the garbage collector of the program."""

import json

import pytest
from support import envs, guarded, worlds

PROGRAM = """
import sys
was_loaded = "gc" in sys.modules
import gc, json
guards = [name for name in sys.modules if name.startswith("importguard")]
seen = [item.__name__ for item in gc.get_objects() if type(item) is type(sys) and item.__name__ in guards]
kept = []
gc.callbacks.append(lambda phase, info: kept.append(phase))
cycle = []
cycle.append(cycle)
del cycle
freed = gc.collect()
print(json.dumps([was_loaded, gc.isenabled(), len(guards) > 0, seen, freed > 0, kept]))
"""


@pytest.fixture
def answers(any_interpreter, empty_environment, tmp_path):
    # An environment of its own: a start-up file of the interpreter's would have the guard load what looks at it.
    made = envs.create(tmp_path / "env", any_interpreter)
    with worlds.furnished(tmp_path, empty_environment) as world:
        outcome = guarded.run(world, [made.python, "-c", PROGRAM])
        assert outcome.returncode == 0, outcome.story()
        return json.loads(outcome.stdout)


def test_the_collector_of_a_guarded_program_works_and_passes_over_the_guard(answers):
    """The program's collector is switched on and finds its cycles; it has no list of what the guard loads at start-up."""
    was_loaded, is_enabled, has_guard, seen, has_freed, callbacks = answers

    assert not was_loaded
    assert is_enabled
    assert has_guard
    assert seen == []
    assert has_freed
    assert callbacks == ["start", "stop"]
