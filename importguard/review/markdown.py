"""A difference as a comment in a pull request: Markdown, with a table for each distribution that reaches for more."""

from importguard.review import severity, words
from importguard.review.shown import code

MOST_ROWS = 20
MOST_REACHES = 25
MARKS = {severity.CRITICAL: "🟥", severity.HIGH: "🟧", severity.MEDIUM: "🟨", severity.LOW: "⬜"}


def page(difference):
    """Return the comment as one text."""
    reaching = [reach for reach in difference.reaches if reach.new or reach.other_files]
    parts = [f"### importguard: {words.summary(difference)}"]
    parts += map(_reach, reaching[:MOST_REACHES])
    if len(reaching) > MOST_REACHES:
        parts.append(f"And {len(reaching) - MOST_REACHES} more distributions: `importguard diff` shows them.")
    others = [reach for reach in difference.reaches if reach not in reaching]
    if others:
        names = ", ".join(f"{code(words.name(reach))} {code(words.versions(reach))}" for reach in others[:MOST_ROWS])
        more = f" and {len(others) - MOST_ROWS} more" if len(others) > MOST_ROWS else ""
        parts.append(f"Without reaching for more: {names}{more}.")
    return "\n\n".join(parts) + "\n"


def _reach(reach):
    head = f"**{code(words.name(reach))}** {code(words.versions(reach))}: {words.counts(reach)}"
    if reach.other_files:
        head += f"\n\n{MARKS[severity.HIGH]} other files under the same version: {code(', '.join(reach.other_files))}"
    if not reach.changes:
        return head
    rows = ["| | change | when | capability | target |", "|---|---|---|---|---|"]
    rows += map(_row, reach.changes[:MOST_ROWS])
    left = len(reach.changes) - MOST_ROWS
    if left > 0:
        rows.append(f"| | | | | and {left} more |")
    return head + "\n\n" + "\n".join(rows)


def _row(change):
    level = f"{MARKS[change.severity]} {change.severity}" if change.kind != "gone" else ""
    target = code(words.target(change)) if words.target(change) else ""
    if change.was:
        target += " (was " + ", ".join(code(was.target) for was in change.was[:3]) + ")"
    return f"| {level} | {words.verb(change)} | {words.WHEN[change.grant.phase]} | `{change.grant.capability}` | {target} |"
