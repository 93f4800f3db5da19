"""`importguard diff`: what each distribution newly reaches for between two locks."""

import argparse
import pathlib
import sys

import importguard
from importguard import errors
from importguard.lock import read
from importguard.policy import find
from importguard.review import compare, machine, markdown, own, page, sarif, text

TEXT = "say what each distribution newly reaches for between two locks"
EPILOG = """NEW is the project's own lock where it isn't named. `-` is standard input.
Each distribution gets at most five lines, the worst first; --all shows every change.

exit status: 0 nobody reaches for more; 1 somebody does; 2 a lock can't be read.

examples:
  importguard diff before.lock importguard.lock
  git show main:importguard.lock | importguard diff -
  importguard diff before.lock --format markdown > comment.md"""
FORMATS = ("text", "markdown", "json", "sarif")


def add(subparsers):
    """Register the parser of `diff`."""
    formatter = argparse.RawDescriptionHelpFormatter
    parser = subparsers.add_parser("diff", help=TEXT, description=TEXT, epilog=EPILOG, formatter_class=formatter)
    parser.add_argument("old", metavar="OLD", help="the lock to compare with")
    parser.add_argument("new", metavar="NEW", nargs="?", help="the lock to look at (default: the project's own)")
    parser.add_argument("--format", choices=FORMATS, default="text", help="for people, pull requests or machines")
    parser.add_argument("--all", action="store_true", help="every change of every distribution, in text")
    parser.set_defaults(run=run)


def run(args):
    """Print the difference; the exit status says whether somebody reaches for more."""
    new_path = args.new or own_lock()
    old, old_content = _read(args.old)
    new, content = _read(new_path)
    difference = compare.compare(old, new)
    # What a terminal can't show must not end the review.
    sys.stdout.reconfigure(errors="backslashreplace")
    if args.format == "markdown":
        print(markdown.page(difference), end="")
    elif args.format == "json":
        print(machine.text(difference, old=args.old, new=str(new_path)))
    elif args.format == "sarif":
        print(sarif.text(difference, path=str(new_path), content=content, version=importguard.__version__))
    else:
        page.show(text.lines(difference, everything=args.all))
    return 1 if difference.has_new else 0


def own_lock():
    """Return the path of the project's lock; raises UsageError where there is none."""
    path = own.lock_path()
    if path is None:
        raise errors.UsageError(f"no {find.LOCK} here or in the project around: name NEW")
    return path


def _read(path):
    """Return the Lock at a path and its text."""
    if path != "-":
        lock = read.read(path)
        return lock, pathlib.Path(path).read_text("utf-8")
    try:
        content = sys.stdin.buffer.read().decode()
    except UnicodeDecodeError as error:
        raise errors.LockError(f"standard input: not UTF-8 at byte {error.start}") from error
    return read.parse(content, "standard input"), content
