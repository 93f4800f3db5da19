"""The first line of importguard that runs in a guarded process."""

import posix
import sys

from importguard import guard, later, ldpreload
from importguard.pinned import NAMES
from importguard.session import VARIABLE, decode_spawn, load, without_ahead

OLDEST = (3, 11)
CANNOT_ARM = 3  # as in denials.py, which is loaded when something is denied


def enter(ahead, *, is_inner=False):
    """Arm the guard before `site` runs; called by ahead/encodings.py with the folder that it was found in.

    `is_inner`: this is a sub-interpreter of a process whose C core can't ask anybody here, and so lets the core in
    Python write down what it sees.
    A process that was told of no session is left alone: the folder got onto its path in some other way.
    """
    told_text = posix.environ.get(VARIABLE.encode())
    if told_text is None:
        restore_environment(ahead, None)
        return
    try:
        told = decode_spawn(told_text.decode(NAMES, "surrogateescape"))
        session = load(told["session"])
        if is_inner:
            session["core"] = "py"
        check_interpreter()
        restore_environment(ahead, told)
        guard.arm(session, told)
    except (OSError, ValueError, KeyError, RuntimeError) as error:
        refuse(f"the guard can't be armed in this process: {type(error).__name__}: {error}")


def enter_late(session_path):
    """Arm an environment that carries a start-up hook; does nothing where the guard is there already."""
    if guard.guard is not None:
        return
    wanted = posix.environ.get(b"IMPORTGUARD", b"").decode("utf-8", "replace")
    if wanted == "off":
        return
    try:
        session = load(session_path)
        check_interpreter()
        if wanted in ("observe", "enforce"):
            session["table"] = {**session["table"], "mode": wanted}
            session["flat"] = None  # the mode is part of it
        roots = [*session["app_roots"], posix.getcwd()]
        session["app_roots"] = roots
        guard.arm(session, {**guard.TYPED_BY_THE_USER, "session": session_path}, is_late=True)
    except (OSError, ValueError, KeyError, RuntimeError) as error:
        refuse(f"the guard of this environment can't be armed: {type(error).__name__}: {error}")


def check_interpreter():
    """Raise ValueError for an interpreter that the guard doesn't know."""
    if sys.implementation.name != "cpython":
        raise ValueError(f"{sys.implementation.name} is not CPython")
    if sys.version_info < OLDEST:
        raise ValueError("Python %d.%d is older than %d.%d" % (*sys.version_info[:2], *OLDEST))


def restore_environment(ahead, told):
    """Show the program the environment that its user gave it. The C environment keeps the guard's variables, so that
    whatever this process starts behind Python's back is guarded as well."""
    environ = posix.environ
    environ.pop(VARIABLE.encode(), None)
    restore_preload(environ, ldpreload.object_beside(ahead))
    rest = without_ahead(environ.get(b"PYTHONPATH", b"").decode("utf-8", "surrogateescape"), ahead)
    if rest or (told is not None and told["pythonpath"] == "="):
        environ[b"PYTHONPATH"] = rest.encode("utf-8", "surrogateescape")
    else:
        environ.pop(b"PYTHONPATH", None)
    if told is not None and told["flags"]:
        later.load(later.ISOLATING).restore(told["flags"])


def restore_preload(environ, path):
    """Show LD_PRELOAD as the user set it."""
    name = ldpreload.VARIABLE.encode()
    if name in environ:
        rest = ldpreload.without_object(environ.pop(name).decode("utf-8", "surrogateescape"), path)
        if rest is not None:
            environ[name] = rest.encode("utf-8", "surrogateescape")


def refuse(reason):
    """Say one line and end the process: nothing starts unguarded."""
    try:
        posix.write(2, f"importguard IG301: {reason}; nothing was started\n".encode("utf-8", "backslashreplace"))
    finally:
        posix._exit(CANNOT_ARM)
