"""The words for what differs between two locks, which every format says alike."""

from importguard.lock import model
from importguard.review import compare, severity

WHEN = {"startup": "at start-up", "import": "at import", "run": "while running", "": "for callers"}
WHAT = {"grant": "", "refused": "refused", "deputy": "deputy", "startup-file": "start-up file"}
KINDS = {model.DISTRIBUTION: "", model.STARTUP: "start-up file ", model.UNOWNED: "code of nobody's"}


def name(reach):
    """Return what the owner is called; still as others chose it."""
    return KINDS[reach.kind] + (reach.name if reach.kind != model.UNOWNED else "")


def versions(reach):
    """Return the versions before and after: `1.0 -> 1.1`, `new: 1.1`, `gone: 1.0`."""
    before, after = ", ".join(filter(None, reach.before)), ", ".join(filter(None, reach.after))
    if not reach.before:
        return f"new: {after}" if after else "new"
    if not reach.after:
        return f"gone: {before}" if before else "gone"
    if before == after:
        return after
    # A lock keeps the versions that it knew: those that came are what the reader asks for.
    came = ", ".join(version for version in reach.after if version not in reach.before)
    return f"{before} -> {came or after}"


def counts(reach):
    """Return how many changes there are of each kind, `2 new, 1 gone`, and of what is worse than medium."""
    found = [f"{number} {kind}" for kind in (compare.NEW, compare.WIDENED, compare.GONE) if (number := _number(reach, kind))]
    serious = [f"{number} {level}" for level in (severity.CRITICAL, severity.HIGH) if (number := _worth(reach, level))]
    return ", ".join(found) + (f" ({', '.join(serious)})" if serious else "")


def target(change):
    """Return the target of a change, `anything` for none; still as others chose it."""
    return change.grant.target or ("" if change.what == "deputy" else "anything")


def verb(change):
    """Return what became of it: `new`, `new, refused`, `widened`, `gone`."""
    return ", ".join(filter(None, (change.kind, WHAT[change.what])))


def summary(difference):
    """Return one line that says what came of it all."""
    reaching = [reach for reach in difference.reaches if reach.new]
    if not reaching:
        return "nothing reaches for more than before"
    changes = sum(len(reach.new) for reach in reaching)
    who = "1 distribution reaches" if len(reaching) == 1 else f"{len(reaching)} distributions reach"
    return f"{who} for more than before: {changes} new or widened"


def _number(reach, kind):
    return sum(change.kind == kind for change in reach.changes)


def _worth(reach, level):
    return sum(change.severity == level for change in reach.new)
