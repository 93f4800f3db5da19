"""`importguard shell`: a guarded sub-shell for development."""

import argparse
import os

from importguard.cli import run as run_command
from importguard.shells import start as shells

TEXT = "start a guarded shell for development"
EPILOG = """Every Python that the shell starts is guarded as under `importguard run`; leave it with `exit`. The shell is $SHELL
(bash, zsh or fish) with your own settings, and (importguard) in its prompt.

exit status: the shell's own; 2 usage or policy error; 3 the guard could not be put in place.

examples:
  importguard shell
  importguard shell --ask
  importguard shell --mode observe --records session.jsonl --shell zsh"""


def add(subparsers):
    """Register the parser of `shell`."""
    formatter = argparse.RawDescriptionHelpFormatter
    parser = subparsers.add_parser("shell", help=TEXT, description=TEXT, epilog=EPILOG, formatter_class=formatter)
    run_command.add_options(parser)
    run_command.add_ask(parser)
    parser.add_argument("--shell", metavar="PATH", help="the shell to start, instead of $SHELL")
    parser.set_defaults(run=run, record_allowed=False, record_imports=False, supervise_unasked="auto", shows_soon=True)


def run(options):
    """Start the shell and return its exit status."""
    from importguard.launch import first, start  # late, so that --help and a mistake cost nothing

    environment = dict(os.environ)
    words = [shells.find(options.shell, environment), "-i"]
    if start.guards(options, environment):
        words, environment = shells.marked(words[0], environment)
    first.require_first()
    return start.start(options, words, environment)
