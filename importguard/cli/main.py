"""The top of the command line: finds the command's module, loads that one alone, and reports errors in one line."""

import argparse
import errno
import importlib
import os
import sys

import importguard
from importguard.errors import CannotArm, ImportguardError, UsageError

COMMANDS = {
    "run": "run a command with every Python process below it guarded",
    "learn": "write down what each distribution needs",
    "shell": "start a guarded shell for development",
    "shell-init": "print what guards projects that carry a policy",
    "enable": "write the start-up hook of one environment",
    "disable": "remove the start-up hook of one environment",
    "status": "say whether an environment is guarded",
    "audit": "look at an environment without running any of it",
    "advisories": "the known-malicious database",
    "diff": "say what each distribution newly reaches for between two locks",
    "check": "lint a policy and a lock",
    "explain": "say which rule decides, and what to change",
    "allow": "approve a policy or a lock that was found in a project",
    "report": "make one page out of records",
    "doctor": "say what holds on this machine, and prove it",
    "vet": "import every module of distributions aside, and say what they reach for",
    "demo": "show an attack unguarded and guarded",
}
EPILOG = """example:
  importguard run -- python app.py
  importguard COMMAND --help"""


class Parser(argparse.ArgumentParser):
    """An ArgumentParser whose errors are one line, with the near miss."""

    def __init__(self, **options):
        options.setdefault("formatter_class", argparse.RawDescriptionHelpFormatter)
        super().__init__(allow_abbrev=False, **options)

    def error(self, message):
        raise UsageError(f"{message}{self._near_miss(message)} (see `{self.prog} --help`)")

    def _near_miss(self, message):
        prefix = "unrecognized arguments: "
        words = message[len(prefix) :].split() if message.startswith(prefix) else ()
        return near_miss(words[0].partition("=")[0], _options(self)) if words else ""


def _options(parser):
    """Return the options of a parser and of the parsers below it, which leave what they don't know to it."""
    found = list(parser._option_string_actions)
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            found += [name for below in action.choices.values() for name in _options(below)]
    return found


def near_miss(word, known):
    """Return `; did you mean 'x'?` for the closest of `known`, or an empty text."""
    import difflib  # only a mistake pays for it

    close = difflib.get_close_matches(word, list(known), n=1)
    return f"; did you mean {close[0]!r}?" if close else ""


def main(arguments):
    """Run the command line and return its exit status."""
    try:
        status = _run_whole(arguments)
        _end_output()
        return status
    except ImportguardError as error:
        complain(_printable(str(error)))
        if _output_problem():
            _forget_output()
        return error.exit_status
    except BrokenPipeError:
        _forget_output()
        return 1
    except KeyboardInterrupt:
        return 130
    except OSError as error:
        if error.errno in (errno.EMFILE, errno.ENFILE):
            complain(str(CannotArm("no more files can be opened here: raise the limit (`ulimit -n`)")))
            return CannotArm.exit_status
        # What was to be written in the midst of a command is still to be, and fails in the same way.
        problem = _output_problem()
        if problem is None or problem.errno != error.errno:
            raise
        _forget_output()
        complain(str(_unwritable(error)))
        return UsageError.exit_status


def _run_whole(arguments):
    """Return the status, --help's as well, behind which output may be left to be written."""
    try:
        return _run(arguments)
    except SystemExit as end:
        return end.code


def _end_output():
    """Write what is left for standard output; raises UsageError where there is no room for it."""
    problem = _output_problem()
    if isinstance(problem, BrokenPipeError):
        raise problem
    if problem is not None:
        raise _unwritable(problem) from problem


def _output_problem():
    """Write what is left for standard output; return the error where that can't be done, else None."""
    try:
        if sys.stdout is not None:
            sys.stdout.flush()
    except OSError as error:
        return error
    return None


def _unwritable(error):
    return UsageError(f"standard output can't be written: {error.strerror}")


def _forget_output():
    """Have the interpreter not complain at its end about an output that nobody takes."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)


def _printable(text):
    """Return lines in which a name that others chose, of a folder or a file, does nothing to the terminal."""
    from importguard import messages  # only a mistake pays for it

    return "\n".join(map(messages.printable, text.split("\n")))


def complain(text):
    """Write to standard error, which may be closed."""
    if sys.stderr is not None:
        print(text, file=sys.stderr)


def _run(arguments):
    name = next((word for word in arguments if not word.startswith("-")), None)
    if arguments[:1] == ["--version"]:
        print(version())
        return 0
    if name is None or arguments[0].startswith("-"):
        return _top(arguments)
    _require_folder()
    module = _command(name)
    parser, subparsers = _parser()
    module.add(subparsers)
    split = getattr(module, "split", None)
    if split is None:
        options = _parsed(parser, subparsers.choices[name], arguments)
    else:
        own, command = split(subparsers.choices[name], arguments[1:])
        options = _parsed(parser, subparsers.choices[name], [name, *own])
        options.command = command
    return options.run(options)


def _require_folder():
    """Raise UsageError where the working directory isn't there any more: policy, lock and paths go by it."""
    try:
        os.getcwd()
    except OSError as error:
        raise UsageError(f"the working directory can't be found: {error.strerror}; change to another one") from error


def _parsed(parser, below, arguments):
    """Return the options; what neither knows is the command's error, whose --help has what there is."""
    options, unknown = parser.parse_known_args(arguments)
    if unknown:
        below.error(f"unrecognized arguments: {' '.join(unknown)}")
    return options


def _command(name):
    """Return the module of a command: importguard's own, or one that a plugin of the policy in force adds."""
    if name in COMMANDS:
        return importlib.import_module(f"importguard.cli.{name.replace('-', '_')}")
    from importguard.cli import added  # only a name that importguard doesn't know pays for it

    module = added.find(name)
    if module is None:
        raise UsageError(f"{name!r} is no command{near_miss(name, COMMANDS)} (see `importguard --help`)")
    return module


def _top(arguments):
    parser, subparsers = _parser()
    for name, text in COMMANDS.items():
        subparsers.add_parser(name, help=text, add_help=False)
    parser.parse_args(arguments)
    parser.print_help()
    return 2


def _parser():
    parser = Parser(prog="importguard", description=importguard.__doc__.partition("\n")[0], epilog=EPILOG)
    parser.add_argument("--version", action="store_true", help="print version, core and kernel rungs")
    return parser, parser.add_subparsers(metavar="COMMAND", parser_class=Parser)


def version():
    """Return the line of --version."""
    return f"importguard {importguard.__version__} (core: {_core()}; kernel rungs: {_rungs()})"


def _core():
    from importguard import core
    from importguard.policy import named

    return core.choose("auto", named.package_folder()).name


def _rungs():
    from importguard.kernel import machine, plan

    found = machine.look()
    has = ["seccomp"] if not plan.why_no_seccomp(found) else []
    has += [f"landlock ABI {found.landlock}"] if found.landlock else []
    return ", ".join(has) or "none on this machine"
