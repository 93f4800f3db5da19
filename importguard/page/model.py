"""From records to what the page shows: denials with what settles them, a matrix, a timeline, and rows for the search."""

import datetime

from importguard import model
from importguard.page import imports
from importguard.policy import suggest
from importguard.report.escaping import escape
from importguard.report.redact import redact

WORST = ("allow", "log", "deny", "kill")
COLUMNS = ("time", "verdict", "owner", "capability", "target", "phase", "module", "rule", "pid", "count", "id")
REFUSED = ("deny", "kill")


def content(records, *, sources, left_out=()):
    """Return the mapping that the page's script reads: plain values, every text escaped.

    `rows` are lists of numbers, by COLUMNS: places in `texts`, but for `pid` and `count`, which stand for themselves. What was
    `left_out` of the sources, a text each, stands ahead of all else that went wrong.
    """
    records = [escape(redact(record)) for record in records]
    torn = [{"event": "left out", "reason": escape(text)} for text in left_out]
    decisions = [record for record in records if record["event"] == "decision"]
    texts = Texts()
    return {
        "sources": [escape(str(source)) for source in sources],
        "span": _span(records),
        "processes": [_process(record) for record in records if record["event"] == "armed"],
        "events": [_event(record) for record in (*torn, *records) if record["event"] not in ("armed", "decision", "imports", "exit")],
        "denials": _denials(decisions),
        "matrix": _matrix(decisions),
        "timeline": _timeline(decisions),
        "imports": imports.content(records, texts, owner),
        "columns": COLUMNS,
        "rows": [_row(record, texts) for record in decisions],
        "texts": texts.all,
    }


class Texts:
    """Numbers texts, each once: most rows of a large file repeat what another one said."""

    def __init__(self):
        self.all = []
        self._known = {}

    def number(self, text):
        known = self._known.get(text)
        if known is None:
            known = self._known[text] = len(self.all)
            self.all.append(text)
        return known


def owner(record):
    """Return the name and version of whom a record is about."""
    whom = record["owner"]
    return f"{whom['name']} {whom.get('version', '')}".strip()


def target(record):
    """Return what was asked for; of a program its arguments as well."""
    argv = record.get("argv") or []
    return " ".join([record["target"], *argv[1:]]) if record["capability"] == "proc.spawn" else record["target"]


def settle(record):
    """Return the line of policy that would allow what a record says."""
    whom = record["owner"]
    asker = model.Owner(whom["name"], whom.get("version", ""), whom["kind"])
    argv = tuple(record["argv"]) if record.get("argv") else None
    phase, module = record.get("phase", "run"), record.get("module", "")
    return suggest.suggest(
        model.Request(record["capability"], record["target"], argv, asker, (), phase, module, "audit")
    )


def _row(record, texts):
    values = {
        "owner": owner(record),
        "target": target(record),
        "pid": record.get("pid", 0),
        "count": record.get("count", 1),
    }
    cells = []
    for name in COLUMNS:
        value = values.get(name, record.get(name) or "")
        cells.append(value if name in ("pid", "count") else texts.number(value))
    return cells


def _denials(decisions):
    """Return one entry for each owner, operation and phase that was refused, the most frequent first."""
    found = {}
    for record in decisions:
        if record["verdict"] in REFUSED:
            key = (owner(record), record["capability"], target(record), record.get("phase", ""))
            known = found.setdefault(key, {"record": record, "count": 0})
            known["count"] += record.get("count", 1)
    return [_denial(key, known) for key, known in sorted(found.items(), key=lambda item: -item[1]["count"])]


def _denial(key, known):
    record = known["record"]
    frames = [
        f"{frame.get('file', '')}:{frame.get('line', '')} {frame.get('function', '')}"
        for frame in record.get("stack", ())
    ]
    names = ("owner", "capability", "target", "phase")
    return {
        **dict(zip(names, key, strict=True)), "count": known["count"], "time": record.get("time", ""), "id": record.get("id", ""),
        "rule": record.get("rule", ""), "module": record.get("module", ""), "stack": frames, "settle": escape(settle(record)),
        "verdict": record["verdict"],
    }  # fmt: skip


def _matrix(decisions):
    """Return {"capabilities": [...], "owners": [[name, {capability: [worst verdict, count]}], ...]}."""
    cells = {}
    for record in decisions:
        cell = cells.setdefault(owner(record), {}).setdefault(record["capability"], ["allow", 0])
        cell[0] = max(cell[0], record["verdict"], key=WORST.index)
        cell[1] += record.get("count", 1)
    used = {capability for row in cells.values() for capability in row}
    order = sorted(cells.items(), key=lambda item: (-max(WORST.index(cell[0]) for cell in item[1].values()), item[0]))
    return {
        "capabilities": [name for name in model.CAPABILITIES if name in used],
        "owners": [list(item) for item in order],
    }


def _timeline(decisions):
    """Return [owner, first, last, worst verdict, count] for each owner, in seconds since 1970, by its first record."""
    found = {}
    for record in decisions:
        at = _seconds(record.get("time", ""))
        known = found.setdefault(owner(record), [at, at, "allow", 0])
        known[1] = at
        known[2] = max(known[2], record["verdict"], key=WORST.index)
        known[3] += record.get("count", 1)
    return sorted(([name, *known] for name, known in found.items()), key=lambda row: row[1])


def _seconds(text):
    try:
        return datetime.datetime.fromisoformat(text).timestamp()
    except (ValueError, OverflowError):
        return 0.0


def _span(records):
    times = [record["time"] for record in records if record.get("time")]
    return [times[0], times[-1]] if times else []


def _process(record):
    names = ("pid", "ppid", "python", "core", "mode", "policy")
    return {**{name: record.get(name, "") for name in names}, "argv": " ".join(record.get("argv") or ())}


def _event(record):
    return {
        "event": record["event"],
        "time": record.get("time", ""),
        "pid": record.get("pid", 0),
        "reason": record.get("reason", ""),
    }
