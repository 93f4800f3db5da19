"""A session file as it is written, by who starts or enables something; a guarded process reads it by session.py."""

import marshal

from importguard.session import HEAD, NUMBER, START, TABLES, content_of, sizes_in

# The fields of a table that the core in C needs no more, where the launcher has made a flat table of them.
RULES = ("rules", "deputies", "named", "sets", "candidate")


def shut(table):
    """Return a table with the fields of RULES marshalled: the core in C never looks into those."""
    rules = {name: table[name] for name in RULES}
    return {**{name: value for name, value in table.items() if name not in RULES}, "shut": marshal.dumps(rules, 4)}


def pack(content):
    """Return the bytes of a session file for a mapping of plain values. The tables that the core in C takes lie behind the
    rest, as they are, and before them the rules that it never looks into: what is marshalled is copied when it is read, and
    once more where somebody hears of that."""
    table = content.get("table", {})
    rest = {name: value for name, value in content.items() if name not in TABLES}
    rest["table"] = {name: value for name, value in table.items() if name != "shut"}
    parts = [marshal.dumps(rest, 4), table.get("shut", b""), *[content.get(name) or b"" for name in TABLES]]
    return HEAD + b"".join([len(part).to_bytes(NUMBER, "little") for part in parts]) + b"".join(parts)


def unpack(data):
    """Return the mapping in a session file; raises ValueError when it is none of this format."""
    parts, at = [], START
    for size in sizes_in(data[:START]):
        parts.append(data[at : at + size])
        at += size
    return content_of(parts, is_whole=at == len(data))
