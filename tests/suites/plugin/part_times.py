"""A plugin of pytest that writes down when each part of a run has ended: its start, each test.

It stands in a folder of its own, which suites that it runs in find through PYTHONPATH; nothing else of ours is to be found there.
"""

import json
import os
from resource import RUSAGE_CHILDREN, RUSAGE_SELF, getrusage
from time import monotonic

import pytest

_ends = []  # [name of the part, seconds of CPU since the process began, seconds of the clock]


def _note_end(part):
    used = [getrusage(whose) for whose in (RUSAGE_SELF, RUSAGE_CHILDREN)]
    _ends.append([part, sum(each.ru_utime + each.ru_stime for each in used), monotonic()])


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop():
    """Tests begin: what came before is arming, imports and collection."""
    _note_end("start")


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item):
    """A test ends, with all that it has set up."""
    result = yield
    _note_end(item.nodeid)
    return result


def pytest_unconfigure():
    """The run ends."""
    with open(os.environ["PART_TIMES"], "w") as file:
        json.dump(_ends, file)
