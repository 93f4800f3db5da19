"""Prints styled lines: in colour on a terminal that wants it, as they are everywhere else."""

import sys

from importguard.launch import itself


def show(lines):
    """Print (text, style) pairs to standard output."""
    if not sys.stdout.isatty():
        for text, _ in lines:
            print(text)
        return
    itself.find_rich()
    import rich.console  # now that it can be found

    # Names are text, whatever brackets they have in them.
    console = rich.console.Console(highlight=False, emoji=False, markup=False)
    for text, style in lines:
        console.print(text, style=style or None, soft_wrap=True)
