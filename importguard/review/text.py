"""A difference as people read it on a terminal: at most five lines for each distribution, the worst first."""

import itertools

from importguard.review import compare, severity, words
from importguard.review.shown import cut, plain

MOST_LINES = 4  # below the line that names the distribution
MOST_NAMES = 12
STYLES = {severity.CRITICAL: "bold red", severity.HIGH: "red", severity.MEDIUM: "yellow", severity.LOW: ""}


def lines(difference, *, everything=False):
    """Yield (text, style) for each line; a style is one of rich's, "" for none."""
    for reach in difference.reaches:
        if reach.new or reach.other_files or (everything and reach.changes):
            yield from _reach(reach, MOST_LINES if not everything else len(reach.changes))
    yield from _quiet(difference.reaches, everything=everything)
    yield words.summary(difference), "bold" if difference.has_new else "green"


def _reach(reach, most):
    head = f"{cut(words.name(reach))} {cut(words.versions(reach))}  {words.counts(reach)}".rstrip()
    yield head, "bold"
    rows = [_row(*found) for found in itertools.groupby(reach.changes, _alike)]
    if reach.other_files:
        rows.insert(0, (f"  other files in {cut(', '.join(reach.other_files))} under the same version", "red"))
    if len(rows) > most:
        rows = [*rows[: most - 1], (f"  and {len(rows) - most + 1} more lines: --all shows them", "")]
    yield from rows


def _alike(change):
    return change.severity, change.kind, change.what, change.grant.phase, change.grant.capability


def _row(alike, changes):
    """Return the line for changes that differ in their targets alone."""
    level, kind, _, phase, capability = alike
    changes = list(changes)
    targets = [words.target(change) for change in changes]
    shown = _listed(targets)
    if kind == compare.WIDENED and len(changes) == 1 and changes[0].was:
        shown += f", was {_listed([was.target for was in changes[0].was])}"
    verb = words.verb(changes[0])
    when = words.WHEN[phase]
    level = "-" if kind == compare.GONE else level
    return f"  {level:8}  {verb:18}  {when:13}  {capability:12}  {shown}".rstrip(), STYLES.get(level, "")


def _listed(targets):
    """Return targets on one line, the first of them at full length and with how many are left out."""
    first, *others = targets
    text, left = cut(first), len(others)
    for target in others:
        more = f"{text}, {plain(target)}"
        if len(more) > 100:
            break
        text, left = more, left - 1
    return f"{text} and {left} more" if left else text


def _quiet(reaches, *, everything):
    """Yield a line for each of what is only counted: who came, changed or went without reaching for more."""
    silent = [reach for reach in reaches if not reach.new and not reach.other_files and not (everything and reach.changes)]
    groups = {
        "new, and in need of nothing": [reach for reach in silent if not reach.before],
        "gone": [reach for reach in silent if not reach.after],
        "in need of less": [reach for reach in silent if reach.before and reach.after and reach.changes],
        "another version, same needs": [reach for reach in silent if reach.before and reach.after and not reach.changes],
    }
    for title, found in groups.items():
        names = [f"{cut(words.name(reach))} {cut(words.versions(reach), 40)}" for reach in found]
        names = [name.replace(" new:", "").replace(" gone:", "") for name in names]
        more = [] if everything or len(names) <= MOST_NAMES else [f"and {len(names) - MOST_NAMES} more"]
        if names:
            yield f"{title}: " + ", ".join([*(names if not more else names[:MOST_NAMES]), *more]), ""
