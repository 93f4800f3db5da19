"""Which environment a command is about, and what it holds: shared by enable, disable, status and audit."""

import os
from dataclasses import dataclass

from importguard.errors import UsageError
from importguard.launch import command as commands
from importguard.launch import preflight, target
from importguard.launch.probe import Interpreter
from importguard.startupfiles import order


@dataclass(frozen=True, slots=True)
class Environment:
    """`interpreter` with its `site_dirs` in the order of `site`, and `sites`, their ledger; `own` is where it installs."""

    interpreter: Interpreter
    site_dirs: tuple[str, ...]
    sites: dict
    own: str

    @property
    def version(self):
        """The interpreter's (major, minor)."""
        return self.interpreter.version[:2]

    @property
    def before(self):
        """The site directories up to `own`, as the hook has them: "" is the user's, which it asks for at each start."""
        if self.interpreter.prefix != self.interpreter.base_prefix:
            return (self.own,)
        return ("", self.own)

    def owner_of(self, path):
        """Return the distribution that a path belongs to by RECORD, or an empty text."""
        return preflight.owner_of(path, self.sites)

    def startup_files(self):
        """Return the StartupFiles that run at each start of the interpreter, in their order."""
        return order.scan((*self.site_dirs, self.interpreter.stdlib), self.owner_of, self.version)


def add_options(parser):
    """Add what the four commands share."""
    parser.add_argument(
        "--python", metavar="PATH", help="an interpreter or its environment's folder; else $VIRTUAL_ENV's, else PATH's"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def find(python, environ):
    """Return the Environment of an interpreter or a folder, None for the active one; raises UsageError."""
    # The folders of PYTHONPATH belong to this shell, not to the environment.
    environ = {name: value for name, value in environ.items() if name != "PYTHONPATH"}
    found = _look(python, environ)
    existing = [os.path.realpath(folder) for folder in found.interpreter.site_dirs if os.path.isdir(folder)]
    if not existing:
        raise UsageError(
            f"{found.interpreter.path!r} has no site directory: none of {', '.join(map(repr, found.interpreter.site_dirs))} exists"
        )
    return Environment(found.interpreter, found.site_dirs, found.sites, existing[0])


def interpreter(python, environ):
    """Return the Interpreter that a command is about; raises UsageError."""
    return _look(python, environ).interpreter


def _look(python, environ):
    path = _interpreter(python, environ)
    found = target.look(commands.Command(path, (path,), path, ""), environ, folder=os.getcwd())
    if found.problem:
        raise UsageError(found.problem)
    return found


def _interpreter(python, environ):
    if python is None:
        return commands.default_interpreter(environ)
    if os.path.isdir(python):
        inside = [os.path.join(python, "bin", name) for name in ("python", "python3")]
        path = next((path for path in inside if os.access(path, os.X_OK)), "")
        if not path:
            raise UsageError(f"no environment: {python!r} has no bin/python")
        return os.path.abspath(path)
    path = python if "/" in python else commands.find_on_path(python, environ)
    if not path or not os.path.exists(path):
        raise UsageError(f"no such interpreter: {python!r}")
    if not os.access(path, os.X_OK):
        raise UsageError(f"not executable: {python!r}")
    return os.path.abspath(path)
