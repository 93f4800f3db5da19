"""What a guarded process is told at its start: one marshalled file, and one variable that names it."""

import marshal

VARIABLE = "_IMPORTGUARD"
HELD = "_IMPORTGUARD_HELD_"  # before the names of variables that are put aside for a child
FORMAT = 2
# The fields of a table that the core in C needs no more, where the launcher has made a flat table of them.
RULES = ("rules", "deputies", "named", "sets", "candidate")
SEPARATOR = "\x1f"
# A spawn is written as these fields, in this order: the session file, the blame of the spawn (`phase`, `kind`, `name`,
# `version`, `module`), `flags` (interpreter options taken off the command line), `pythonpath` ("=" where the program had
# set that variable, "" where not), `program` (the distribution whose command the user typed).
SPAWN_FIELDS = ("session", "phase", "kind", "name", "version", "module", "flags", "pythonpath", "program", "mode")


def shut(table):
    """Return a table with the fields of RULES marshalled: the core in C never looks into those."""
    rules = {name: table[name] for name in RULES}
    return {**{name: value for name, value in table.items() if name not in RULES}, "shut": marshal.dumps(rules, 4)}


def opened(table):
    """Return the table that `shut` was given."""
    return {**table, **marshal.loads(table["shut"])} if "shut" in table else table


def sites_of(content):
    """Return {folder: what scan() says of it} of a session's content."""
    return marshal.loads(content["ledger"]["shut"])


def pack(content):
    """Return the bytes of a session file for a mapping of plain values."""
    return b"IGSESSION" + bytes([FORMAT]) + marshal.dumps(content, 4)


def unpack(data):
    """Return the mapping in a session file; raises ValueError when it is none of this format."""
    if data[:10] != b"IGSESSION" + bytes([FORMAT]):
        raise ValueError("not a session file of this version of importguard")
    try:
        return marshal.loads(memoryview(data)[10:])
    except (EOFError, TypeError, ValueError) as error:
        raise ValueError(f"truncated session file: {error}") from None


def encode_spawn(fields):
    """Return the value of VARIABLE for a mapping with SPAWN_FIELDS."""
    return SEPARATOR.join(str(fields.get(name, "")).replace(SEPARATOR, "") for name in SPAWN_FIELDS)


def decode_spawn(text):
    """Return the mapping that encode_spawn wrote; raises ValueError when a field is missing."""
    values = text.split(SEPARATOR)
    if len(values) != len(SPAWN_FIELDS):
        raise ValueError(f"{VARIABLE} has {len(values)} fields, not {len(SPAWN_FIELDS)}")
    return dict(zip(SPAWN_FIELDS, values))


def without_ahead(value, ahead):
    """Return a PYTHONPATH without the guard's own folder."""
    return ":".join([part for part in value.split(":") if part != ahead])
