"""A guarded suite ends as it does bare: the guard holds nothing of it when the interpreter goes."""

import os
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
SUITE = "import atexit, gc\natexit.register(gc.set_debug, gc.DEBUG_STATS)\ndef test_clean():\n    pass\n"
COLLECTED = re.compile(r"gc: done, (\d+) unreachable")


def test_interpreter_that_ends_goes_through_a_suite_once(suite):
    """What pytest and the tests have made goes in the first collection of the end, and not in one that looks at it again."""
    suite.write(test_it=SUITE)

    path = {"PYTHONPATH": os.pathsep.join(map(str, (suite.root / "site", ROOT)))}  # where pytest rewrites it, as where it is installed
    bare, guarded = (collected_at_the_end(suite.run(*options, variables=path)) for options in ((), ("--importguard",)))

    assert guarded[0] > 0.8 * bare[0] > 1000, (bare, guarded)


def collected_at_the_end(done):
    """Return how many objects each collection found that found any, in order."""
    code, output = done
    assert code == 0, output
    return [int(count) for count in COLLECTED.findall(output) if int(count)]


def test_suite_leaves_nothing_behind(suite):
    """Neither its session nor its records lie in the folder for temporary files when it is over."""
    suite.write(test_it="import importguard.guard\ndef test_place(): print('at', importguard.guard.guard.session['directory'])\n")

    code, output = suite.run("--importguard")

    place = Path(re.search(r"^at (\S+)", output, re.MULTILINE)[1]).parent
    assert code == 0 and place.name.startswith("importguard-"), output
    assert [path for path in (place, *suite.root.glob("importguard-*")) if path.exists()] == []
