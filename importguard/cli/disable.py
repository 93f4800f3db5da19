"""`importguard disable`: removes the start-up hook of one environment."""

import argparse
import json
import os

from importguard.cli import environment
from importguard.startupfiles import enable

TEXT = "remove the start-up hook of one environment"
EPILOG = """What stood there before is restored byte for byte. Files that were changed since are named and nothing is removed.

exit status: 0 removed, or there was none; 2 it can't be removed.

example:
  importguard disable --python .venv/bin/python"""


def add(subparsers):
    """Register the parser of `disable`."""
    formatter = argparse.RawDescriptionHelpFormatter
    parser = subparsers.add_parser("disable", help=TEXT, description=TEXT, epilog=EPILOG, formatter_class=formatter)
    environment.add_options(parser)
    parser.set_defaults(run=run)


def run(args):
    """Disable an environment and say what was removed."""
    found = environment.find(args.python, os.environ)
    removed = enable.disable(found.own)
    if args.json:
        print(json.dumps({"site": found.own, "removed": removed}))
    elif removed:
        print(f"disabled {found.interpreter.prefix} (Python {found.interpreter.version_text})")
    else:
        print(f"nothing to disable in {found.own}")
    return 0
