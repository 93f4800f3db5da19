"""Writes into a policy what was allowed for good: one exception at its end, and nothing else in it changes."""

import contextlib
import datetime
import os
import pathlib
import shlex
import tempfile
import tomllib

from importguard import errors
from importguard.policy import approval, find, suggest, toml

TABLE = {find.PROJECT: "tool.importguard.exception"}
NEW = "version = 1\n"


def write(chosen, grant, package, environ, cwd):
    """Write a grant for a package into the policy that is in force, and return (path, what is left to do, "" for nothing).

    `chosen` is the policy that was named, "" for the project's, which is made where there is none. A policy that was approved
    is approved as it stands then. Raises PolicyError where it can't be written.
    """
    cwd = pathlib.Path(cwd)
    path = pathlib.Path(cwd, chosen) if chosen else find.project_policy(cwd, [], home=environ.get("HOME"))
    is_new = path is None
    path = cwd / find.FILE if is_new else pathlib.Path(os.path.realpath(path))
    before = None if is_new else toml.read(path)
    is_approved = is_new or bool(chosen) or approval.is_approved(before, environ)
    _replace(path, _with(path, "" if is_new else _text(path), grant, package))
    after = toml.read(path)
    if is_approved and not chosen:
        approval.approve(after, environ)
    return path, "" if is_approved else f"it counts once `importguard allow {shlex.quote(str(path))}` has approved that policy"


def _with(path, text, grant, package):
    """Return the text of a policy with an exception more; raises PolicyError where that is no policy any more."""
    today = datetime.date.today().isoformat()
    entry = (
        f"[[{TABLE.get(path.name, 'exception')}]]\n"
        f"package = {suggest.quoted(package)}\n"
        f"allow = [{suggest.quoted(grant)}]\n"
        f'reason = "allowed at the terminal on {today}"\n'
    )
    start = text or NEW
    ending = "\r\n" if "\r\n" in start else "\n"
    gap = "\n" if start.endswith("\n") else "\n\n"
    made = start + (gap + entry).replace("\n", ending)
    toml.parse(made, name=path.name, path=str(path))
    _require_same(text, made, path)
    return made


def _require_same(text, made, path):
    """Raise PolicyError unless all that was there is there, and one exception more."""
    old, new = tomllib.loads(text or NEW), tomllib.loads(made)
    table = new["tool"]["importguard"] if path.name == find.PROJECT else new
    table["exception"].pop()
    known = old.get("tool", {}).get("importguard", {}) if path.name == find.PROJECT else old
    if not table["exception"] and "exception" not in known:
        del table["exception"]
    if old != new:
        raise errors.PolicyError(f"{path}: an exception can't be added at its end")


def _text(path):
    try:
        return path.read_bytes().decode()
    except (OSError, UnicodeDecodeError) as error:
        raise errors.PolicyError(f"{path}: can't be read: {error}") from error


def _replace(path, text):
    """Write a file whole or not at all, with the rights that it had."""
    temporary = None
    try:
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".importguard-")
        with os.fdopen(handle, "wb") as file:
            file.write(text.encode())
        os.chmod(temporary, path.stat().st_mode & 0o7777 if path.exists() else 0o644)
        os.replace(temporary, path)
    except OSError as error:
        if temporary is not None:
            with contextlib.suppress(OSError):
                os.unlink(temporary)
        raise errors.PolicyError(f"{path}: can't be written: {error.strerror}") from error
