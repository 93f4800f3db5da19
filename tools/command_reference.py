"""Writes docs/reference/commands.md from the argument parsers, so that it says what the commands accept.

python tools/command_reference.py > docs/reference/commands.md
"""

import argparse
import importlib

from importguard.cli import main

HEAD = """# Commands

Generated from the argument parsers by `tools/command_reference.py`. Usage and policy errors exit 2 everywhere; every
error has a code, explained in [errors](errors.md).
"""


def page():
    """Return the whole page."""
    return "\n".join([HEAD, *(section(name) for name in main.COMMANDS)])


def section(name):
    """Return the section of one command."""
    _parser, subparsers = main._parser()
    importlib.import_module(f"importguard.cli.{name.replace('-', '_')}").add(subparsers)
    return "\n".join(_lines(subparsers.choices[name], f"importguard {name}", 2))


def _lines(parser, title, level):
    below = [action for action in parser._actions if isinstance(action, argparse._SubParsersAction)]
    arguments = [action for action in parser._actions if action not in below and action.dest != "help"]
    yield f"{'#' * level} {title}\n"
    if parser.description:
        yield f"{_sentence(parser.description)}\n"
    for action in arguments:
        yield f"- {_argument(action)}"
    if arguments:
        yield ""
    if parser.epilog:
        yield f"```text\n{parser.epilog.strip()}\n```\n"
    for action in below:
        for name, inner in action.choices.items():
            yield from _lines(inner, f"{title} {name}", level + 1)


def _sentence(text):
    text = " ".join(text.split())
    text = text[0].upper() + text[1:]
    return text if text.endswith((".", ":")) else text + "."


def _argument(action):
    names = ", ".join(f"`{name}`" for name in action.option_strings)
    value = action.metavar or (f"{{{','.join(map(str, action.choices))}}}" if action.choices else "")
    if action.nargs != 0 and not value:
        value = action.dest.upper()
    shown = " ".join(filter(None, [names, f"`{value}`" if value and action.nargs != 0 else ""]))
    return f"{shown}: {action.help}" if action.help else shown


if __name__ == "__main__":
    print(page(), end="")
