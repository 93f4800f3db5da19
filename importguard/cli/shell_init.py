"""`importguard shell-init`: what a shell's start-up file evaluates to guard projects that carry a policy."""

import argparse

from importguard.shells import start as shells

TEXT = "print what guards projects that carry a policy, for a shell's start-up file"
EPILOG = """In a folder whose project has an importguard.toml (or [tool.importguard] in pyproject.toml), python, python3, pip,
pytest and ipython then run under `importguard run`; everywhere else they are what they were.

exit status: 0.

examples:
  eval "$(importguard shell-init bash)"     # in ~/.bashrc
  importguard shell-init fish | source      # in ~/.config/fish/config.fish"""


def add(subparsers):
    """Register the parser of `shell-init`."""
    formatter = argparse.RawDescriptionHelpFormatter
    parser = subparsers.add_parser("shell-init", help=TEXT, description=TEXT, epilog=EPILOG, formatter_class=formatter)
    parser.add_argument("shell", choices=shells.NAMES, help="the shell that will read it")
    parser.set_defaults(run=run)


def run(options):
    """Print the text."""
    print(shells.initial(options.shell), end="")
    return 0
