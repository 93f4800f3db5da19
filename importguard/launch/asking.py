"""Whether a run asks about what is refused, and what of that is settled before it starts."""

import functools
import pathlib

from importguard.ask import grant, listener, terminal
from importguard.errors import UsageError
from importguard.policy import toml

STARTED = pathlib.Path("/proc/self/stat")
TYPING = pathlib.Path("/proc/sys/dev/tty/legacy_tiocsti")


def place(options, resolved, log):
    """Return the Terminal to ask at, None where nobody is asked; says why where it was wanted."""
    if not options.ask:
        if options.ask_seconds is not None:
            raise UsageError("--ask-seconds says how long --ask waits, and nobody is asked: add --ask, or leave it out")
        return None
    if options.no_supervisor:
        raise UsageError("--ask needs the launcher, which --no-supervisor leaves out")
    reason = _why_not(resolved)
    found = None if reason else terminal.Terminal.own()
    if found is None:
        _say_that_nobody_is_asked(log, reason or "there is no terminal")
    return found


def seconds(options):
    """Return how long a question waits."""
    return options.ask_seconds or listener.SECONDS


def _say_that_nobody_is_asked(log, reason):
    log.notice(f"--ask: nobody is asked: {reason}; what the policy refuses is refused")


def _why_not(resolved):
    if resolved.mode != "enforce":
        return f"the mode is {resolved.mode}"
    if resolved.on_violation == "kill":
        return 'on-violation is "kill"'
    if not STARTED.exists():
        return "there is no /proc, by which a process knows who answers it"
    if resolved.core == "py":
        return "the core in Python could be given any answer"
    return ""


def _typing_is_off():
    """Say whether the kernel lets nobody put characters into their terminal's input."""
    try:
        return TYPING.read_text().strip() == "0"
    except OSError:
        return False


def policy(folder):
    """Return the Policy that lets nobody put a question by hand."""
    denied = [f"net.connect:unix:{folder}/{listener.SOCKET}"]
    tables = {"version": 1, **{name: {"deny": denied} for name in ("application", "import", "run")}}
    return toml.Reader(tables, "", (), "ask", "ask", "ask", None).read("ask")


def listen(prepared, found, options, environment, log):
    """Answer questions at a Terminal, and return the Listener; None where what runs here could type the answer."""
    if "seal" not in prepared.kernel.filters and not _typing_is_off():
        _say_that_nobody_is_asked(log, "without the kernel's seal, what runs here could type the answer")
        return None
    settle = functools.partial(_settle, options.policy or environment.get("IMPORTGUARD_POLICY") or "", environment)
    answering = listener.Listener(prepared.directory.path, found, settle, seconds=seconds(options))
    answering.start()
    return answering


def _settle(chosen, environment, question, granted):
    path, left = grant.write(chosen, granted, question.request.owner.name or "unowned", environment, pathlib.Path.cwd())
    return f"written to {path}" + (f"; {left}" if left else "")
