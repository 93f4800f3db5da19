"""`importguard run`: starts a command with every Python process below it guarded."""

import argparse
import os

DESCRIPTION = "Runs COMMAND with every Python process below it guarded before its first third-party line."
EPILOG = """COMMAND is a Python interpreter of any environment, a console script, any other program, or directly
-m MODULE, -c CODE or script.py (with $VIRTUAL_ENV's Python, else the first python3 on PATH).

exit status: the command's own; 2 usage or policy error; 3 the guard could not be put in place and nothing was
started; 86 the guard killed the command; 126 and 127 the command can't be executed or doesn't exist.

examples:
  importguard run -- python app.py
  importguard run --mode observe --records run.jsonl -- -m pytest
  importguard run --on-violation kill -- .venv/bin/gunicorn app:app"""


def add(subparsers):
    """Register the parser of `run`."""
    parser = subparsers.add_parser(
        "run", usage="importguard run [options] [--] COMMAND [ARG...]", description=DESCRIPTION, epilog=EPILOG,
        help="run a command with every Python process below it guarded",
    )  # fmt: skip
    add_options(parser)
    parser.add_argument(
        "--record-allowed", action="store_true", help="record what is allowed as well, for `learn --from-records`"
    )
    parser.add_argument(
        "--record-imports", action="store_true", help="record how long each module takes to be imported, for `report`"
    )
    add_ask(parser)
    parser.set_defaults(run=run)


def add_options(parser):
    """Add the options that every command shares which starts another."""
    parser.add_argument("--policy", metavar="FILE", help="the policy to use; needs no approval")
    parser.add_argument("--lock", metavar="FILE|off", help="the lock to use, needs no approval; off: none")
    parser.add_argument("--mode", choices=("observe", "enforce"), help="only record, or refuse")
    parser.add_argument("--on-violation", choices=("deny", "kill"), help="refuse the operation, or end the whole tree")
    parser.add_argument("--records", metavar="FILE|-|fd:N", help="where records go; - is standard error")
    parser.add_argument("--kernel", choices=("off", "auto", "require"), help="the kernel's layers (seccomp, Landlock): off, as far as the machine has them, or nothing starts without")
    parser.add_argument("--supervise", choices=("off", "auto", "require"), help="the supervisor of system calls: off, where it can be had, or nothing starts without")
    parser.add_argument("--core", choices=("auto", "c", "py"), help="which core: auto takes the one in C where it is built")
    parser.add_argument("--no-supervisor", action="store_true", help="exec the command in place, without a parent")


def add_ask(parser):
    """Add the options of commands that ask at the terminal."""
    parser.add_argument("--ask", action="store_true", help="ask at the terminal about what is refused: once, always, never, or no; where there is no terminal, or no answer, it is refused")
    parser.add_argument("--ask-seconds", type=_seconds, metavar="N", help="how long a question of --ask waits for its answer (default: 60)")


def _seconds(text):
    if not text.isdecimal() or not 1 <= int(text) <= 3600:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of seconds from 1 to 3600")
    return int(text)


def split(parser, words):
    """Return (own options, the command), which begins at `--`, at -m or -c, or at the first word that is no option."""
    own, rest = [], list(words)
    while rest:
        word = rest[0]
        if word == "--":
            return own, rest[1:]
        if word in ("-m", "-c") or not word.startswith("-") or word == "-":
            return own, rest
        own.append(rest.pop(0))
        action = parser._option_string_actions.get(word)
        if action is not None and action.nargs is None and not isinstance(action, argparse._HelpAction) and rest:
            own.append(rest.pop(0))
    return own, rest


def run(options):
    """Start the command and return its exit status."""
    # Late, so that --help and a mistake cost nothing.
    from importguard.launch import first, start

    first.require_first()
    return start.start(options, options.command, dict(os.environ))
