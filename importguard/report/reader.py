"""From bytes of the records pipe to records: hostile writers get a `tamper` record, never an exception."""

from json import loads

from importguard.report.compose import record

MOST_BYTES = 4096  # what one write to a pipe delivers in one piece
SHOWN = 200
# `killed` and `exit` are the supervisor's own to say.
EVENTS = ("armed", "decision", "imports", "tamper", "degraded")
EVENTS_WRITTEN = (*EVENTS, "killed", "exit")
VERDICTS = ("allow", "log", "deny", "kill")
TEXTS = (
    "id", "time", "capability", "target", "phase", "module", "rule", "layer", "python", "core", "mode", "policy", "asked", "reason",
    "line",
)  # fmt: skip
DEEPEST = 8  # what a record is made of lies no deeper, and what is shown is gone through by recursion


class Reader:
    """Collects bytes, gives back records; a line longer than MOST_BYTES is dropped up to its end and reported."""

    def __init__(self):
        self._rest = b""
        self._skipping = False

    def feed(self, data):
        """Return the records that `data` completes."""
        *lines, self._rest = (self._rest + data).split(b"\n")
        records = []
        for line in lines:
            if self._skipping:
                self._skipping = False
            elif line:
                records.append(read_line(line))
        if len(self._rest) > MOST_BYTES:
            if not self._skipping:
                records.append(unreadable(self._rest, "longer than a record can be"))
            self._rest, self._skipping = b"", True
        return records

    def end(self):
        """Return the records that are left when no more bytes will come."""
        rest, self._rest = self._rest, b""
        return [unreadable(rest, "cut off")] if rest and not self._skipping else []


def read_line(line):
    """Return the record in one line, or the `tamper` record that says why it is none."""
    if len(line) > MOST_BYTES:
        return unreadable(line, "longer than a record can be")
    try:
        fields = loads(line, parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        return unreadable(line, f"not JSON: {type(error).__name__}")
    problem = problem_of(fields)
    return unreadable(line, problem) if problem else fields


def unreadable(line, reason):
    """Return the `tamper` record for a line that is no record."""
    return record("tamper", pid=0, reason=f"unreadable record: {reason}", line=ascii(line[:SHOWN])[2:-1], size=len(line))


def problem_of(fields, *, written=False):
    """Return what is wrong with a record, or an empty text; what is `written` may be the supervisor's own."""
    if type(fields) is not dict or fields.get("v") != 1:
        return "not a record of version 1"
    if fields.get("event") not in (EVENTS_WRITTEN if written else EVENTS):
        return "unknown event"
    for name in TEXTS:
        if not isinstance(fields.get(name, ""), str):
            return f"{name} is no text"
    for name in ("pid", "thread", "count"):
        if type(fields.get(name, 0)) is not int:
            return f"{name} is no number"
    for name in ("argv", "via"):
        listed = fields.get(name)
        if listed is not None and not (type(listed) is list and all(type(word) is str for word in listed)):
            return f"{name} is no list of texts"
    if _is_deep(fields, DEEPEST):
        return "nested too deeply"
    if fields["event"] == "decision":
        return _decision_problem(fields)
    return _imports_problem(fields) if fields["event"] == "imports" else ""


def _imports_problem(fields):
    modules = fields.get("modules")
    if type(modules) is not list or not all(map(_is_timed_module, modules)):
        return "modules are no list of timed modules"
    return ""


def _is_timed_module(entry):
    return (
        type(entry) is dict
        and type(entry.get("module")) is str
        and _is_owner(entry.get("owner"))
        and all(type(entry.get(name)) is int for name in ("start", "duration", "self", "depth"))
    )


def _is_owner(owner):
    if type(owner) is not dict or type(owner.get("version", "")) is not str:
        return False
    return all(type(owner.get(name)) is str for name in ("name", "kind"))


def _decision_problem(fields):
    if fields.get("verdict") not in VERDICTS:
        return "unknown verdict"
    if not all(type(fields.get(name)) is str for name in ("capability", "target")):
        return "capability and target are missing"
    if not _is_owner(fields.get("owner")):
        return "owner is none"
    if "caller" in fields and not _is_owner(fields["caller"]):
        return "caller is none"
    stack = fields.get("stack", [])
    return "" if type(stack) is list and all(type(frame) is dict for frame in stack) else "stack is none"


def _is_deep(value, left):
    if type(value) is dict:
        value = value.values()
    elif type(value) is not list:
        return False
    return not left or any(_is_deep(inner, left - 1) for inner in value)


def _refuse(constant):
    raise ValueError(f"{constant} is not JSON")
