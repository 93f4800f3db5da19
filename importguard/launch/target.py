"""What the guard must know of a command before it starts: its distributions, its program, its own code."""

import os
import typing

from importguard import versions
from importguard.errors import CannotArm
from importguard.launch import command as commands
from importguard.launch import probe as probes
from importguard.ledger.scan import scan, scan_all

OLDEST = (3, 11)
SYSTEM_BIN = ("/bin", "/usr/bin", "/usr/local/bin")
MOST_LOOKED_AT = 300
NEVER_CARRY = ("__pycache__", "node_modules")
PROJECT_MARKS = ("importguard.toml", "pyproject.toml", "setup.py", "setup.cfg", ".git")


class UnguardableInterpreter(CannotArm):
    """The interpreter of the command is one that the guard can't work in."""

    code = "IG302"


class Target(typing.NamedTuple):
    """A command's Python side: `interpreter` is None for a program that is none, `sites` the ledger's mapping."""

    interpreter: probes.Interpreter | None
    site_dirs: tuple[str, ...]
    sites: dict
    program: str
    app_roots: tuple[str, ...]
    problem: str  # why the interpreter can't be guarded, or ""


def look(command, environment, *, folder, is_own=False):
    """Return the Target of a Command that is started in `folder`; `is_own`: it is this very process, which needs no other to ask."""
    known = bool(command.interpreter)
    path = command.interpreter or commands.default_interpreter(environment)
    interpreter = (probes.own() if is_own else None) or probes.probe(path, environment)
    arguments = commands.python_arguments(command) if known else commands.Arguments("", "", "")
    site_dirs = _site_dirs(interpreter, arguments.options, environment) if interpreter else ()
    sites = scan_all(site_dirs)
    roots = _app_roots(arguments, environment, site_dirs, folder)
    sites.update({folder: carried(folder) for folder in folders_of_distributions(roots) if folder not in sites})
    problem = _problem(path, interpreter) if known else ""
    program = _program(command, arguments, interpreter, sites)
    return Target(interpreter if known else None, site_dirs, sites, program, roots, problem)


def project_root(folder, home):
    """Return the nearest folder upwards that is marked as a project's, `folder` itself where there is none."""
    at = folder
    while at not in ("/", home, ""):
        if any(os.path.exists(f"{at}/{mark}") for mark in PROJECT_MARKS):
            return at
        at = os.path.dirname(at)
    return folder


def _problem(path, interpreter):
    if interpreter is None:
        return f"{path!r} doesn't answer as Python 3 does"
    if interpreter.implementation != "cpython":
        return f"{path!r} is {interpreter.implementation}, and only CPython can be guarded"
    if interpreter.version[:2] < OLDEST:
        return f"{path!r} is CPython {interpreter.version_text}, older than 3.11"
    return ""


def _site_dirs(interpreter, options, environment):
    """Return the existing site directories in the order in which `site` goes through them."""
    isolated = "I" in options
    reads_environment = not isolated and "E" not in options
    found = list(interpreter.site_dirs)
    refused = isolated or "s" in options or (reads_environment and environment.get("PYTHONNOUSERSITE"))
    if interpreter.system_site and not refused:
        # After the virtual environment's own, before those of the system.
        found.insert(1 if interpreter.prefix != interpreter.base_prefix else 0, interpreter.user_site)
    if reads_environment:
        found += [entry for entry in _python_path(environment) if _holds_distributions(entry)]
    return tuple(dict.fromkeys(os.path.realpath(entry) for entry in found if os.path.isdir(entry)))


def carried(folder):
    """Return the Site of a folder in a project, without what setuptools keeps there of the project itself."""
    site = scan(folder)
    own = {name for name, known in site["dists"].items() if not known["record"]}
    for kept in ("prefixes", "files"):
        site[kept] = {path: name for path, name in site[kept].items() if name not in own}
    site["dists"] = {name: known for name, known in site["dists"].items() if name not in own}
    return site


def folders_of_distributions(roots):
    """Return the folders in the application's own that hold installed distributions: what `pip install --target` makes.

    A folder of that kind is looked for two levels deep, among the first MOST_LOOKED_AT.
    """
    found, left, looked_at = [], [(root, 0) for root in roots if os.path.isdir(root)], 0
    while left and looked_at < MOST_LOOKED_AT:
        folder, depth = left.pop(0)
        looked_at += 1
        try:
            entries = [entry for entry in os.scandir(folder) if entry.is_dir(follow_symlinks=False)]
        except OSError:
            continue
        names = [entry.name for entry in entries]
        if any(name.endswith(".dist-info") for name in names):
            found.append(folder)
        if depth < 2 and not os.path.exists(folder + "/pyvenv.cfg"):
            left += [(folder + "/" + name, depth + 1) for name in names if "." not in name and name not in NEVER_CARRY]
    return found


def _app_roots(arguments, environment, site_dirs, folder):
    roots = [project_root(folder, environment.get("HOME", ""))]
    if arguments.kind == "script" and not _is_installed(arguments.operand):
        path = os.path.realpath(arguments.operand)
        roots.append(path if os.path.isdir(path) else os.path.dirname(path))
    if "I" not in arguments.options and "E" not in arguments.options:
        roots += _python_path(environment)
    roots = dict.fromkeys(os.path.realpath(root) for root in roots)
    return tuple(root for root in roots if root not in site_dirs)


def _is_installed(path):
    """Say whether a script lies in an environment's own folder for commands, whose files are nobody's application."""
    folder = os.path.dirname(os.path.realpath(path))
    return folder in SYSTEM_BIN or (folder.endswith("/bin") and os.path.exists(folder + "/python3"))


def _python_path(environment):
    return [entry for entry in environment.get("PYTHONPATH", "").split(":") if entry and os.path.isdir(entry)]


def _holds_distributions(folder):
    return any(name.endswith(".dist-info") for name in os.listdir(folder))


def _program(command, arguments, interpreter, sites):
    """Return the PEP 503 name of the distribution whose command was typed, or an empty text."""
    if arguments.kind == "module":
        return _owner_of_module(arguments.operand.partition(".")[0], sites)
    typed = command.script or (arguments.operand if arguments.kind == "script" else "")
    if not typed or "/" not in typed:
        return ""
    candidates = [os.path.realpath(os.path.dirname(typed)) + "/" + os.path.basename(typed), os.path.realpath(typed)]
    if interpreter and not command.interpreter:
        # A shim of pyenv and its like is called as the command in the environment that it leads to.
        candidates.append(os.path.realpath(interpreter.prefix + "/bin") + "/" + os.path.basename(typed))
    names = (site["files"].get(path) for path in candidates for site in sites.values())
    return next(filter(None, names), "")


def _owner_of_module(top, sites):
    for folder, site in sites.items():
        for path in (f"{folder}/{top}", f"{folder}/{top}.py"):
            name = site["prefixes"].get(path) or site["files"].get(path)
            if name:
                return name
        if _is_shared(f"{folder}/{top}/", site) and versions.canonical_name(top) in site["dists"]:
            return versions.canonical_name(top)
    return ""


def _is_shared(folder, site):
    """Say whether several distributions have files in a folder."""
    return any(prefix.startswith(folder) for prefix in site["prefixes"])


def require_guardable(target, *, observing):
    """Return the notice for an interpreter that can't be guarded; raises CannotArm unless it is only observed."""
    if target.problem and not observing:
        raise UnguardableInterpreter(f"{target.problem}; nothing was started")
    return f"{target.problem}: it runs without the guard" if target.problem else ""
