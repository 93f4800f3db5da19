"""Whatever the core in C is given to read, it answers or refuses, and never crashes. Seeded: what was found is found again."""

import random
import subprocess
import sys
from pathlib import Path

import pytest
import strange

sys.path.insert(0, str(Path(__file__).parents[1] / "twins"))

import policies  # noqa: E402  (tests/ is no package)

ccore = pytest.importorskip("importguard.core.ccore", reason="this build has no C core")

FLAT = ccore.table_flat(policies.flat())
FAILURES = (ArithmeticError, AttributeError, LookupError, OSError, RuntimeError, TypeError, ValueError)
# What install() takes; a child for each try, as what is armed stays armed. The child uses what it has been given.
INSTALLING = """
import os, random, sys
import strange
from by_hand import ccore, parts

def inside(chance, whole, what):
    # The same with something strange in one place, here or further in.
    kind = type(whole)
    if kind not in (tuple, dict) or not whole or chance.random() < 0.3:
        return what
    at = chance.randrange(len(whole))
    if kind is dict:
        key = list(whole)[at]
        return {**whole, key: inside(chance, whole[key], what)}
    return (*whole[:at], inside(chance, whole[at], what), *whole[at + 1:])

def use(services):
    for act in (lambda: open("/etc/passwd"), lambda: __import__("colorsys"), lambda: exec("def f(): pass"),
                lambda: services["part"]("a"), lambda: services["owner_of_path"]("/srv/x"), lambda: os.listdir("/")):
        try: act()
        except BaseException: pass

def attempt(name, chance):
    given = parts()
    if name in given:
        given[name] = inside(chance, given[name], strange.value(chance))
    elif name == "none of them":
        given["more"] = 1
    try: services = ccore.install(**given)
    except BaseException: os._exit(3)
    use(services)
    os._exit(0)

first, last, ends = int(sys.argv[1]), int(sys.argv[2]), {}
for name in ("all as they should be", "none of them", *parts()):
    for seed in range(first, last if name in parts() else first + 1):
        child = os.fork()
        if child == 0:
            os.close(2)
            attempt(name, random.Random(f"{name} {seed}"))
        end = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        ends.setdefault(end, []).append((name, seed))
print(ends.keys() - {0, 3} and ends, ends[0][0], ends[3][0], sep="\\n")
"""


@pytest.fixture
def many(is_thorough):
    """How often something is tried."""
    return 40_000 if is_thorough else 300


@pytest.mark.parametrize("strict", [True, False])
@pytest.mark.parametrize("event", sorted(ccore.events_read()))
def test_an_event_with_any_arguments(event, strict, many):
    """Arguments of any number and any type are read, or refused by an exception."""
    chance = random.Random(f"{event} {strict}")
    for _ in range(many):
        args = tuple(strange.value(chance) for _ in range(chance.randrange(6)))
        try:
            found = ccore.read_event(event, args, strict)
        except FAILURES:
            continue
        assert all(type(target) is str for _, target, *_ in found)


def test_what_is_asked_beside_events(many):
    """Paths, addresses, programs and their arguments: an answer or an exception."""
    chance = random.Random("beside events")
    for _ in range(many):
        one, two = strange.value(chance), strange.value(chance)
        for name, args in {
            "resolve": (one, 3), "program_path": (one, two), "first_executable": ((one, two), two), "argv_text": (one,),
            "argument_once": (one,), "address_text": (one,), "written_note": (one,), "written_holds": (one,),
            "written_reaches": (one,), "written_move": (one, two),
        }.items():  # fmt: skip
            try:
                getattr(ccore, name)(*args)
            except FAILURES:
                continue


def test_a_table_that_is_whole_answers():
    """The control: what table_flat gives is taken."""
    assert ccore.twin_watches(ccore.twin_table(FLAT, frozenset(), {}), 4, "/etc/passwd") in (True, False)


def test_a_flat_table_that_was_changed(many):
    """Cut off, longer, or with bits changed anywhere: it is refused before any of it is believed."""
    chance = random.Random("flat")
    for _ in range(many):
        with pytest.raises(ValueError, match="no flat policy table, or one that isn't whole"):
            ccore.twin_table(strange.flipped(chance, FLAT), frozenset(), {})


def test_a_ledger_of_any_shape(many):
    """What Python has not put together as the core wants it is refused by an exception."""
    chance = random.Random("ledger")
    for _ in range(many):
        held = [{"a": ("1.0", False)}, {"/s/site-packages/a/": "a"}, {"/s/site-packages/b.py": "a"}, {"/s/site-packages": 0}, {"a": "bad"}]
        at, key = chance.randrange(8), chance.choice((str(strange.value(chance, 0).__class__), "/s", "a", 7))
        if at < 5:
            held[at] = {**held[at], key: strange.value(chance)} if chance.random() < 0.8 else strange.value(chance)
        ledger = [tuple(held), ("/srv/",), ("/usr/lib/",), "/guard/"]
        if at >= 5:
            ledger[at - 4] = strange.value(chance)
        try:
            ccore.twin_owners(tuple(ledger), None, lambda path: False, ("/srv/x", "\udcff", "/usr/lib/site-packages/a"), ("a",))
        except FAILURES:
            continue


def test_parts_of_any_type(is_thorough):
    """install() with something strange in the place of each part in turn: an exception, or a core that goes on."""
    numbers = ("0", "300") if is_thorough else ("0", "4")
    room = str(Path(policies.__file__).parent)
    program = f"import sys; sys.path[:0] = [{room!r}, {str(Path(strange.__file__).parent)!r}]\n{INSTALLING}"
    done = subprocess.run([sys.executable, "-c", program, *numbers], capture_output=True, text=True, timeout=3000)

    assert done.stdout.splitlines() == ["set()", "('all as they should be', 0)", "('none of them', 0)"], done.stdout + done.stderr
