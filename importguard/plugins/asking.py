"""Asks a plugin something before the command starts: whatever it raises, and however long it takes, becomes one line."""

import contextlib
import sys
import threading

from importguard import errors
from importguard.report.escaping import escape

PATIENCE = 10.0  # seconds for each question


class PluginError(errors.CannotArm):
    """A plugin that the policy names can't be used, so nothing was started."""

    code = "IG305"


def ask(plugin, doing, question):
    """Return what `question()` does, in a thread; raises PluginError for what it raises, or where it takes too long."""
    outcome = {}

    def call():
        try:
            outcome["answer"] = question()
        except BaseException as error:  # a stranger's code: SystemExit would end the thread, or the launcher, unheard
            outcome["error"] = error

    thread = threading.Thread(target=call, name=f"plugin {plugin}", daemon=True)
    with aside():
        thread.start()
        thread.join(PATIENCE)
    if "error" in outcome:
        error = outcome["error"]
        if isinstance(error, PluginError):
            raise error
        raise PluginError(f"plugin {plugin!r} raised {type(error).__name__} {doing}: {text_of(error)}") from error
    if "answer" not in outcome:
        raise PluginError(f"plugin {plugin!r} gave no answer {doing} for {PATIENCE:.0f} s")
    return outcome["answer"]


def aside():
    """Have what plugins print go to standard error: the other stream is the command's."""
    return contextlib.redirect_stdout(sys.stderr)


def words(error):
    """Return an exception in one line."""
    return f"{type(error).__name__}: {text_of(error)}"


def text_of(error):
    """Return the text of an exception in one line; that may raise as well."""
    try:
        return escape(str(error))
    except BaseException as other:
        return f"its text can't be had: {type(other).__name__}"
