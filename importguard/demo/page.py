"""Shows what was played: each scene unguarded and guarded side by side, then the denials in their own words."""

import sys

from importguard import messages
from importguard.launch import itself

WIDTH_IN_A_PIPE = 100


class Page:
    """Prints the show to standard output, with colours on a terminal that wants them."""

    def __init__(self):
        itself.find_rich()
        import rich.console  # now that it can be found

        # What a terminal can't show must not end the show.
        sys.stdout.reconfigure(errors="replace")
        width = None if sys.stdout.isatty() else WIDTH_IN_A_PIPE
        self.console = rich.console.Console(width=width, highlight=False, emoji=False, markup=False)

    def say(self, text, style=""):
        """Print one paragraph."""
        self.console.print(text, style=style)

    def scene(self, number, scene):
        """Print the head of a scene, before it is played."""
        self.console.print()
        self.console.rule(f"{number}. {scene.title}", align="left", style="bold", characters="-")
        self.say(scene.story)

    def played(self, played):
        """Print what came of a scene."""
        from rich.table import Table

        table = Table(expand=True, show_lines=True)
        for title in ("", "python app.py", "importguard run -- python app.py"):
            table.add_column(title, overflow="fold", ratio=2 if not title else 5)
        for name, tell in ROWS:
            table.add_row(name, tell(played.unguarded), tell(played.guarded))
        self.console.print(table)
        for text in denials(played.guarded):
            # As importguard prints them: not wrapped, not coloured, ready to be copied.
            self.console.print(text, style="red", soft_wrap=True)


def denials(outcome):
    """Return the texts of an Outcome's denials, each different one once, with how often it came."""
    counted = {}
    for record in outcome.denials:
        key = (record["capability"], record["target"], record["rule"], messages.place(record))
        first, count = counted.get(key, (record, 0))
        counted[key] = (first, count + record.get("count", 1))
    return [_text(record) + (f"\n  ({count} times)" if count > 1 else "") for record, count in counted.values()]


def _text(record):
    """Return a denial without the command that explains its record, which is gone with the world that it was played in."""
    lines = messages.denial(record).splitlines()
    return "\n".join(line for line in lines if not line.startswith("  more "))


def _said(outcome):
    return "\n".join(map(messages.printable, outcome.output.splitlines())) or "nothing"


def _received(outcome):
    if not outcome.posts:
        return "nothing"
    return f"{_counted(outcome.posts, 'post')} with the text of {_counted(len(outcome.leaked), 'credential')}"


def _read(outcome):
    return _listed(f"~/{path}" for path in {*outcome.read, *outcome.leaked})


def _written(outcome):
    return _listed(f"~/{path}" for path in outcome.written)


def _stopped(outcome):
    total = sum(record.get("count", 1) for record in outcome.denials)
    return _counted(total, "operation") + ", see below" if total else "nothing"


def _counted(number, noun):
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _listed(items):
    return "\n".join(map(messages.printable, sorted(items))) or "nothing"


ROWS = (
    ("the app said", _said),
    ("credentials read", _read),
    ("the sink received", _received),
    ("written at home", _written),
    ("stopped", _stopped),
)
