"""The texts that `importguard enable` writes into an environment, and how they are recognised."""

import os
import pathlib

MODULE = "_importguard"
TEMPLATE = pathlib.Path(__file__).with_name("entry.py")
# Among printable names only those that begin with a blank or "!" sort before it; `status` names what does.
NAME = "!importguard"
FAIL = (
    "try:\n"
    " import _importguard\n"
    "except BaseException as error:\n"
    " if os.environ.get('IMPORTGUARD') != 'off':\n"
    "  try:\n"
    "   os.write(2, ('importguard IG301: the guard of this environment is gone: %r; nothing was started"
    " (IMPORTGUARD=off starts it unguarded)\\n' % (error,)).encode('ascii', 'backslashreplace'))\n"
    "  finally:\n"
    "   os._exit(3)\n"
    "else:\n"
)
PTH_LINE = f"import os; exec({FAIL + ' _importguard.enter()'!r})"
PTH = PTH_LINE + "\n"
START_LINE = "_importguard:enter"
START = START_LINE + "\n"
SITECUSTOMIZE = f'''"""Puts importguard in charge, then runs the sitecustomize that was in force before; `importguard disable` removes it."""
import os

{FAIL} _importguard.enter_last()
 _importguard.run_previous(globals())
'''
ENTER_TABLES = ("PACKAGE", "SESSION", "SITES", "APPROVED", "PREVIOUS")


def enter(*, package, session, sites, approved, previous):
    """Return the source of the module that arms; the arguments are its constants, in plain values."""
    lines = TEMPLATE.read_text("utf-8").split("\n")
    values = dict(zip(ENTER_TABLES, (package, session, sites, approved, previous), strict=True))
    return "\n".join(_filled_in(line, values) for line in lines)


def is_enter(source):
    """Is this (bytes) the module that arms, with this importguard as its package?"""
    try:
        return _shape(source) == _shape(TEMPLATE.read_bytes()) and constants(source)["PACKAGE"] == package_folder()
    except (ValueError, KeyError):
        return False


def constants(source):
    """Return the constants of an arming module's source; raises ValueError when it has none."""
    import ast  # few look at whose a start-up file is

    try:
        body = ast.parse(source).body
    except (SyntaxError, ValueError) as error:
        raise ValueError(f"not a hook of importguard: {error}") from error
    pairs = [(node.targets[0], node.value) for node in body if isinstance(node, ast.Assign) and len(node.targets) == 1]
    return {at.id: ast.literal_eval(value) for at, value in pairs if isinstance(at, ast.Name) and at.id in ENTER_TABLES}


def package_folder():
    """Return the folder of this importguard."""
    return os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def _filled_in(line, values):
    name = line.partition(" = ")[0]
    return f"{name} = {values[name]!r}" if name in values else line


def _shape(source):
    from importguard.startupfiles import shape  # loads a parser, and few look at whose a start-up file is

    return shape.shape(source, ENTER_TABLES)
