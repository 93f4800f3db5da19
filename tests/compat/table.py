"""Writes down what came of importing every module of the most downloaded distributions."""

import datetime
import platform


def summary(rows, names):
    """Return the outcome in a few lines of plain text."""
    total, broken, alarms = _counts(rows)
    listed = {row.bare.name for row in rows} & set(names)
    lines = [
        f"{len(rows)} distributions, {len(listed)} of them from the list, {total} modules: {total - broken} import, "
        f"{broken} fail with and without the guard, {len(alarms)} differences"
    ]
    return "\n".join([*lines, *(f"{name} ({core}): {text}" for name, core, text in alarms)])


HOW = {
    "recommended": "bare and under `recommended` with each core ({})",
    "strict": "under `strict` with the core ({}), and bare where one can't be imported guarded",
}
TITLES = {"recommended": "Popular distributions under the guard", "strict": "Popular distributions under `strict`"}
MADE_BY = {"recommended": "make compat", "strict": "make strict"}


def page(rows, names, interpreter, cores, preset="recommended"):
    """Return the Markdown page."""
    total, broken, alarms = _counts(rows)
    listed = {row.bare.name for row in rows} & set(names)
    today = datetime.datetime.now(datetime.UTC).date()
    return "\n".join(
        [
            f"# {TITLES[preset]}",
            "",
            f"{len(listed)} of the 300 most downloaded distributions and what they need, {len(rows)} in all, from wheels, in "
            f"one environment; every module of theirs ({total}) imported, a process a distribution, "
            f"{HOW[preset].format(', '.join(cores))}. Left out are tests and `__main__`, which do their deed when "
            "they are imported. A difference is a module that imports bare alone, that fails for another reason, or "
            "anything that was refused on the way.",
            "",
            f"- {total} modules, of which {broken} can't be imported bare either: they need something optional or another system",
            f"- {len(alarms)} differences",
            f"- CPython {interpreter.version}, {platform.system()} {platform.machine()}, {today}",
            f"- made by `{MADE_BY[preset]}` from `tests/compat/pins.txt`",
            "",
            "| distribution | version | modules | import bare | import guarded | difference |",
            "|---|---|---|---|---|---|",
            *map(_line, rows),
            "",
        ]
    )


def _counts(rows):
    total = sum(len(row.bare.errors) for row in rows)
    broken = sum(bool(error) for row in rows for error in row.bare.errors.values())
    return total, broken, [(row.bare.name, core, text) for row in rows for core, text in row.differences]


def _line(row):
    guarded = {_imported(found) for found in row.guarded.values()}
    texts = "; ".join(f"{core}: {text}" for core, text in row.differences).replace("|", "\\|") or "none"
    shown = "/".join(map(str, sorted(guarded)))
    return f"| {row.bare.name} | {row.bare.version} | {len(row.bare.errors)} | {_imported(row.bare)} | {shown} | {texts} |"


def _imported(found):
    return sum(not error for error in found.errors.values())
