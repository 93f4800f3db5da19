"""Gives the core in C what nobody expects, from seeds: it answers, or refuses by an exception, and never crashes."""

import random

import strange
from by_hand import FLAT, HELD, TABLE, ccore

FAILURES = (ArithmeticError, AttributeError, LookupError, OSError, RuntimeError, TypeError, ValueError)
NOT_WHOLE = "no flat policy table, or one that isn't whole"


def events(many):
    """Every event, with arguments of any number and any type."""
    for event in sorted(ccore.events_read()):
        for strict in (True, False):
            chance = random.Random(f"{event} {strict}")
            for _ in range(many):
                args = tuple(strange.value(chance) for _ in range(chance.randrange(6)))
                try:
                    found = ccore.read_event(event, args, strict)
                except FAILURES:
                    continue
                assert all(type(target) is str for _, target, *_ in found), (event, args)


def beside(many):
    """What is asked beside events: paths, addresses, programs and their arguments."""
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


def flat_tables(many):
    """Flat tables that were changed are refused before any of it is believed; one that wasn't answers."""
    assert ccore.twin_watches(ccore.twin_table(FLAT, frozenset(), {}), 4, "/etc/passwd") in (True, False)
    chance = random.Random("flat")
    for _ in range(many):
        changed = strange.flipped(chance, FLAT)
        try:
            ccore.twin_table(changed, frozenset(), {})
        except ValueError as error:
            assert str(error) == NOT_WHOLE, error
        else:
            raise AssertionError("believed a table that was changed")


def mappings(many):
    """A table's mapping with something strange anywhere: it is refused, or what is made of it is whole."""
    chance = random.Random("mapping")
    for _ in range(many):
        content = strange.inside(chance, TABLE, strange.value(chance))
        try:
            table = ccore.twin_table(content, frozenset(), {})
        except FAILURES:
            continue
        for capability in range(15):
            ccore.twin_watches(table, capability, "/etc/passwd")
            ccore.twin_decide(table, ("acme", "1.0", 0), 1, capability, "/home/ada/.ssh/id", ("ls", "é"))
        ccore.twin_table(ccore.table_flat(content), frozenset(), {})


def ledgers(many):
    """What Python has not put together as the core wants it is refused by an exception."""
    chance = random.Random("ledger")
    for _ in range(many):
        held, at = list(HELD), chance.randrange(8)
        key = chance.choice((str(strange.value(chance, 0).__class__), "/s", "a", 7))
        if at < 5:
            held[at] = {**held[at], key: strange.value(chance)} if chance.random() < 0.8 else strange.value(chance)
        ledger = [tuple(held), ("/srv/",), ("/usr/lib/",), "/guard/"]
        if at >= 5:
            ledger[at - 4] = strange.value(chance)
        try:
            ccore.twin_owners(tuple(ledger), None, lambda path: False, ("/srv/x", "\udcff", "/usr/lib/site-packages/a"), ("a",))
        except FAILURES:
            continue


KINDS = {each.__name__: each for each in (events, beside, flat_tables, mappings, ledgers)}
