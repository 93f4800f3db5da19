"""Finds the policies that a launch is under: named ones, the project's, the user's, the system's."""

import pathlib
import typing

from importguard import errors
from importguard.policy import approval, toml

SYSTEM = pathlib.Path("/etc/importguard/policy.toml")
FILE = "importguard.toml"
PROJECT = "pyproject.toml"
LOCK = "importguard.lock"
ROOT_MARKS = (".git", ".hg", PROJECT, "setup.py")


class Found(typing.NamedTuple):
    """Policies that were found; `untrusted` are those that nobody named or approved."""

    locked: tuple[toml.Policy, ...]
    policies: tuple[toml.Policy, ...]
    untrusted: tuple[toml.Policy, ...]
    notices: tuple[str, ...]


def policies(chosen, environ, cwd):
    """Return what is Found; raises PolicyError with the problems of all of them."""
    notices, problems = [], []
    first = pathlib.Path(cwd, chosen) if chosen else project_policy(cwd, notices, home=environ.get("HOME"))
    folder = approval.config_folder(environ)
    user = folder / "policy.toml" if folder else None
    places = {"named": first, "user": user if user and user.is_file() else None}
    places["system"] = SYSTEM if _is_there(SYSTEM) else None
    read = {}
    for kind, place in places.items():
        try:
            read[kind] = toml.read(place) if place else None
        except errors.PolicyError as error:
            problems.append(error.args[0])
    if problems:
        raise errors.PolicyError("\n".join(problems))
    return _sorted(read, chosen, environ, notices)


def _is_there(path):
    """Return whether a file exists; one behind a folder that can't be entered may, and reading it then fails."""
    try:
        path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:
        return True
    return True


def project_policy(cwd, notices, home=None):
    """Return the policy file of the project around a folder, or None; says when there are two in one folder."""
    for folder in (cwd, *cwd.parents):
        own = folder / FILE
        shared = folder / PROJECT
        if own.is_file():
            if _speaks_of_us(shared):
                notices.append(f"{own} counts, [tool.importguard] in {shared} does not")
            return own
        if _speaks_of_us(shared):
            return shared
        if str(folder) == home or any((folder / mark).exists() for mark in ROOT_MARKS):
            break
    return None


def lock_file(chosen, cwd, home=None):
    """Return (the lock that a launch is under or None, does it need an approval).

    It lies beside the policy that was named, or in the project, or beside the system's policy.
    """
    if chosen and _is_there(pathlib.Path(cwd, chosen).parent / LOCK):
        return pathlib.Path(cwd, chosen).parent / LOCK, False
    for folder in (cwd, *cwd.parents):
        if _is_there(folder / LOCK):
            return folder / LOCK, True
        if str(folder) == home or any((folder / mark).exists() for mark in (*ROOT_MARKS, FILE)):
            break
    system = SYSTEM.parent / LOCK
    return (system if _is_there(system) else None), False


def _speaks_of_us(path):
    """Return whether a pyproject.toml holds a policy, or may do so and can't be parsed."""
    try:
        text = path.read_bytes()
    except OSError:
        return False
    if b"importguard" not in text and b"\\" not in text:
        return False  # a name can only be spelled otherwise with escapes; most projects say nothing

    import tomllib

    try:
        return "importguard" in tomllib.loads(text.decode()).get("tool", {})
    except ValueError:
        return b"importguard" in text


def _sorted(read, chosen, environ, notices):
    named, user, system = read["named"], read["user"], read["system"]
    is_locked = bool(system) and "locked" in system.settings
    for policy in (named, user):
        if policy and "locked" in policy.settings:
            notices.append(f"{policy.path}: locked = true counts only in {SYSTEM}")
    trusted = chosen or not named or approval.is_approved(named, environ)
    return Found(
        locked=(system,) if is_locked else (),
        policies=tuple(policy for policy in (named, user, None if is_locked else system) if policy),
        untrusted=() if trusted else (named,),
        notices=tuple(notices),
    )
