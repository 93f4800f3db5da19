"""What the core in C is asked again and again leaves nothing behind: no object, no reference to an argument, no byte."""

import programs
import pytest

COUNTING = """
import ctypes, gc, sys

class Mallinfo(ctypes.Structure):
    _fields_ = [(name, ctypes.c_size_t) for name in "arena ordblks smblks hblks hblkhd usmblks fsmblks uordblks fordblks keepcost".split()]

mallinfo = ctypes.CDLL(None).mallinfo2
mallinfo.restype = Mallinfo
total_references = getattr(sys, "gettotalrefcount", int)

def state(values):
    gc.collect()
    return [mallinfo().uordblks, sys.getallocatedblocks(), len(gc.get_objects()), total_references(), *map(sys.getrefcount, values)]

def again(act, count):
    for _ in range(count):
        try: act()
        except Exception: pass

# What grows with each turn shows in the second half as in the first; what is kept once doesn't.
def grown(act, values, count):
    again(act, count)
    before = state(values)
    again(act, count)
    after = state(values)
    return [now - then for now, then in zip(after, before)]

def has_grown(found, count):
    return found[0] > 16 * count or any(each > count // 2 for each in found[1:])

# The tables of the collector, of the allocator and of caches grow in steps, which more turns tell from a leak.
def look(acts, count):
    gc.collect()
    gc.freeze()
    for name, (act, *values) in acts.items():
        for turns in (count, 2 * count, 4 * count, 8 * count):
            found = grown(act, values, turns)
            if not has_grown(found, turns):
                break
        else:
            print(name, turns, found)
    print("looked at", len(acts))
"""
UNARMED = COUNTING + """
import random
import strange
from by_hand import TABLE, ccore

def event(name, args):
    return lambda: ccore.read_event(name, args, True)

acts = {}
for name in sorted(ccore.events_read()):
    for seed in range(SEEDS):
        chance = random.Random(f"{name} {seed}")
        args = tuple(strange.value(chance) for _ in range(1 + seed))
        acts[f"{name}, seed {seed}"] = event(name, args), args, *args
    for args in (("/etc/passwd", None, 0, -1), ("\\u00e9/\\udcff", ["a", b"b"], {}), (None, ("127.0.0.1", 80)), (None, ("::1", 8, 0, 0))):
        acts[f"{name} {args!r}"] = event(name, args), args, *args
text, table, flat = "/home/\\u00e9/.ssh/id", TABLE, ccore.table_flat(TABLE)
held = (({"a": ("1", False)}, {}, {"/s/site-packages/a.py": "a"}, {"/s/site-packages": 0}, {}), ("/srv/",), ("/lib/",), "/g/")
made = ccore.twin_table(flat, frozenset(), {})
asked = ("X.PTH\\u212a", "1.0", 3), 1, 1, "EX\\u212a.com:1", None
acts.update({
    "resolve": (lambda: ccore.resolve(text), text),
    "program_path": (lambda: ccore.program_path(text, None), text),
    "argv_text": (lambda: ccore.argv_text(asked), asked),
    "address_text": (lambda: ccore.address_text(("::1%x", 8, 0, 0)),),
    "owners": (lambda: ccore.twin_owners(held, None, None, ("/s/site-packages/a.py", text), ("a",)), held, text),
    "decide": (lambda: ccore.twin_decide(made, *asked), made, asked),
    "watches": (lambda: ccore.twin_watches(made, 4, text), made, text),
    "a flat table": (lambda: ccore.twin_table(flat, frozenset(), {}), flat),
    "a broken table": (lambda: ccore.twin_table(flat[:-1], frozenset(), {}), flat),
    "the code of the frames": (lambda: (ccore.codes(True), ccore.codes(False)),),
})
look(acts, COUNT)
"""
ARMED = COUNTING + """
import acts, by_hand

link, server = acts.prepare()
given = {}
if SETUP == "learning":
    table = by_hand.learning(by_hand.TABLE)
    given |= {"table": table, "candidate": by_hand.piece_of_table(), "learn": by_hand.nothing, "imported": by_hand.nothing}
elif SETUP == "a table in a file":
    given["table"] = by_hand.piece_of_table()
services = by_hand.ccore.install(**{**by_hand.parts(), **given})
look({name: act for kind in acts.everything(services, link) for name, act in kind.items()}, COUNT)
"""


def test_reading_and_asking_leave_nothing_behind(is_thorough, any_interpreter, tmp_path):
    """Every event with strange and plain arguments, tables, ledgers, paths: as much is there after many turns as before."""
    values = {"COUNT": 2000, "SEEDS": 20} if is_thorough else {"COUNT": 24, "SEEDS": 2}

    found = programs.run(any_interpreter, tmp_path, with_values(UNARMED, **values))

    assert found.startswith("looked at"), found


@pytest.mark.parametrize("setup", ["by a mapping", "a table in a file", "learning"])
def test_guarding_leaves_nothing_behind(setup, is_thorough, any_interpreter, tmp_path):
    """The services, the hook, the diverted builtins, what is carried: as much is there after many turns as before."""
    program = with_values(ARMED, COUNT=2000 if is_thorough else 40, SETUP=setup)

    found = programs.run(any_interpreter, tmp_path, program)

    assert found.startswith("looked at"), found


def with_values(program, **values):
    """Return a program that begins with these constants."""
    return "".join(f"{name} = {value!r}\n" for name, value in values.items()) + program
