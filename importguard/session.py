"""What a guarded process is told at its start: one marshalled file, and one variable that names it."""

import marshal

from importguard.pinned import (
    NAMES,
    O_CLOEXEC,
    O_NONBLOCK,
    O_RDONLY,
    close,
    dict,
    early,
    frozenset,
    fstat,
    int,
    len,
    list,
    open,
    range,
    read,
    str,
    tuple,
    type,
)  # fmt: skip

VARIABLE = "_IMPORTGUARD"
HELD = "_IMPORTGUARD_HELD_"  # before the names of variables that are put aside for a child
FORMAT = 4
HEAD = b"IGSESSION" + bytes([FORMAT])
NUMBER = 8  # bytes of a length
TABLES = ("flat", "flat_candidate")
START = len(HEAD) + NUMBER * (2 + len(TABLES))
LARGEST = 1 << 26
SEPARATOR = "\x1f"
# A spawn is written as these fields, in this order: the session file, the blame of the spawn (`phase`, `kind`, `name`,
# `version`, `module`), `flags` (interpreter options taken off the command line), `pythonpath` ("=" where the program had
# set that variable, "" where not), `program` (the distribution whose command the user typed), `copy` (the file that gets
# a copy of what is refused, "" for none).
SPAWN_FIELDS = ("session", "phase", "kind", "name", "version", "module", "flags", "pythonpath", "program", "copy", "mode")


def opened(table):
    """Return a table with all of its fields, some of which sessionfile.shut has marshalled."""
    return {**table, **spelt(marshal.loads(table["shut"]))} if "shut" in table else table


def sites_of(content):
    """Return {folder: what scan() says of it} of a session's content."""
    return spelt(marshal.loads(content["ledger"]["shut"]))


def spelt(value):
    """Return a value of the launcher's with names of files as they are called here: in an ASCII locale, byte for byte."""
    if NAMES == "utf-8":
        return value
    kind = type(value)
    if kind is str:
        return value if value.isascii() else value.encode("utf-8", "surrogateescape").decode(NAMES, "surrogateescape")
    if kind is dict:
        return {spelt(name): spelt(item) for name, item in value.items()}
    return kind([spelt(item) for item in value]) if kind in (list, tuple, frozenset) else value


def load(path):
    """Return the mapping in the session file at a path, where each of TABLES is (path, start, size), which the core in C
    reads by itself; raises OSError or ValueError."""
    path = early(path)
    fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    try:
        rest, shut, *tables = sizes_in(read(fd, START))
        parts, at = [read(fd, rest), read(fd, shut)], START + rest + shut
        for size in tables:
            parts.append((path, at, size) if size else b"")
            at += size
        return content_of(parts, is_whole=at == fstat(fd).st_size)
    finally:
        close(fd)


def sizes_in(start):
    """Return the sizes of the parts that the first START bytes of a session file tell of."""
    if start[: len(HEAD)] != HEAD:
        raise ValueError("not a session file of this version of importguard")
    sizes = [int.from_bytes(start[at : at + NUMBER], "little") for at in range(len(HEAD), START, NUMBER)]
    if len(start) < START or sum(sizes) > LARGEST:
        raise ValueError("damaged session file")
    return sizes


def content_of(parts, *, is_whole):
    """Return the mapping that is in the parts of a session file."""
    try:
        content = spelt(marshal.loads(parts[0]))
    except (EOFError, TypeError, ValueError) as error:
        raise ValueError(f"truncated session file: {error}") from None
    if not is_whole:
        raise ValueError("truncated session file")
    if parts[1]:
        content["table"]["shut"] = parts[1]
    for name, part in zip(TABLES, parts[2:]):
        content[name] = part or None
    return content


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
