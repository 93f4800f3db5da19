"""A lock that git has merged without a conflict, and in which a table or a key stands twice: each branch had put it elsewhere."""

KEY_ENDS = " = ["


def united(content):
    """Return the text of a lock with each table and each array once, with the items of all; other lines stay where they are first."""
    tables, items = {"": {}}, None
    table = tables[""]
    for line in content.split("\n"):
        if items is not None and line != "]":
            items.setdefault(line)
        elif items is not None:
            items = None
        elif line.startswith("[") and line.endswith("]"):
            table = tables.setdefault(line, {})
        elif line.endswith(KEY_ENDS):
            items = table.setdefault(line, {})
        elif line:
            table.setdefault(line, None)
    return "".join(_table(header, table) for header, table in tables.items())


def _table(header, table):
    lines = [header] if header else []
    for line, items in table.items():
        lines += [line] if items is None else [line, *items, "]"]
    return "".join(line + "\n" for line in lines)
