"""The table in C gives back what it takes, and survives that there is nothing to take."""

import gc
import pathlib
import random
import subprocess
import sys

import pytest
import test_table_twins as twins

ccore = pytest.importorskip("importguard.core.ccore", reason="this build has no C core")

FAILING = """
import _testcapi
import policies
from importguard.core import ccore

def until_it_works(ask):
    failed = at = 0
    while True:
        _testcapi.set_nomemory(at, 0)
        try:
            answer = ask()
        except MemoryError:
            answer = None
        finally:
            _testcapi.remove_mem_hooks()
        if answer is not None:
            return failed, answer
        failed += 1
        at += 1 if at < 200 else 41

content = policies.flat()
failed, table = until_it_works(lambda: ccore.twin_table(content, frozenset(), {}))
assert failed > 100, failed
asked = ("X.PTH\\u212a", "1.0", 3), 1, 1, "EX\\u212a.com:1", None
assert ccore.twin_decide(table, *asked)[0] is False
failed, answer = until_it_works(lambda: ccore.twin_decide(table, *asked))
assert failed and answer[0] is False, answer
print("survived")
"""


def test_each_allocation_fails_once():
    """Whichever allocation fails, the answer is a MemoryError, and never that somebody may."""
    pytest.importorskip("_testcapi", reason="this interpreter has no _testcapi")
    room = pathlib.Path(__file__).parent
    done = subprocess.run([sys.executable, "-c", FAILING], cwd=room, capture_output=True, text=True, timeout=100)

    assert done.stdout == "survived\n", done.stderr


def once():
    """Load and ask a table, and load thirty that are broken."""
    made = ccore.twin_table(twins.RECOMMENDED, frozenset(), {})
    ccore.twin_decide(made, ("x", "1.0", 0), 1, 1, "EX\u212a.com:1", ("a",))
    ccore.twin_is_deputy(made, ("requests", "1", 0), 1, 1, "a", None)
    chance = random.Random(3)
    for _ in range(30):
        try:
            ccore.twin_table(twins.broken(twins.RECOMMENDED, chance), frozenset(), {})
        except ValueError:
            continue


def test_nothing_is_left_behind():
    """Loading and asking a hundred times takes no more objects than once."""
    for _ in range(3):
        once()
    gc.collect()
    before = sys.getallocatedblocks()
    for _ in range(100):
        once()
    gc.collect()

    assert sys.getallocatedblocks() - before < 100
