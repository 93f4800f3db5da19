"""`importguard learn`: runs a command guarded and writes down what each distribution needed."""

import os

from importguard.cli import run as running
from importguard.errors import UsageError

TEXT = "write down what each distribution needs"
DESCRIPTION = "Runs COMMAND guarded, and writes what each distribution needed into a lock; what is there already stays."
EPILOG = """The policy is enforced while it learns: what it refuses is listed as `refused`, and never becomes a grant.
With --from-records nothing is run: the records of `importguard run --record-allowed` say what was allowed.

exit status: 1 something was refused; else the command's own, or 0; 2 usage, policy or lock error, and nothing is
written; 3 the guard could not be put in place and nothing was started.

examples:
  importguard learn -- python app.py
  importguard learn -o importguard.lock -- -m pytest
  importguard learn --from-records production.jsonl --python .venv"""


def add(subparsers):
    """Register the parser of `learn`."""
    parser = subparsers.add_parser(
        "learn", usage="importguard learn [options] [--] COMMAND [ARG...]", description=DESCRIPTION, epilog=EPILOG, help=TEXT,
    )  # fmt: skip
    parser.add_argument(
        "-o", "--output", metavar="FILE", help="the lock (default: the project's, else importguard.lock here)"
    )
    parser.add_argument(
        "--from-records", metavar="FILE", action="append", help="learn from records, and run nothing; may be repeated"
    )
    parser.add_argument("--python", metavar="PATH", help="with --from-records: the environment that they are about")
    running.add_options(parser)
    parser.set_defaults(run=run)


split = running.split


def run(options):
    """Learn, say what was learnt, and return the exit status."""
    from importguard.launch import first, learning

    if options.from_records:
        if options.command:
            raise UsageError("learn takes either a command or --from-records, not both")
        status, learnt = 0, learning.from_records(options, dict(os.environ))
    else:
        if options.python:
            raise UsageError("--python goes with --from-records; a command brings its own interpreter")
        first.require_first()
        status, learnt = learning.learn(options, options.command, dict(os.environ))
    learning.say(learnt)
    return 1 if learnt.refused else status
