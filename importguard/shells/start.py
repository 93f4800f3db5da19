"""How bash, zsh and fish are started as a guarded sub-shell: with the user's own settings, and a mark in the prompt."""

import os
import pathlib
import shutil

from importguard.errors import UsageError

HERE = pathlib.Path(__file__).parent
NAMES = ("bash", "zsh", "fish")
# Tells shell-init's functions that what they would do is done already; no switch, the guard never reads it.
VARIABLE = "IMPORTGUARD_SHELL"


def find(wanted, environment):
    """Return the path of a shell; `wanted` is what was typed, None for $SHELL.

    Raises UsageError for a shell that can't be found or that nobody knows how to mark.
    """
    path = wanted or environment.get("SHELL") or "bash"
    if os.path.basename(path) not in NAMES:
        raise UsageError(
            f"{path!r} is none of {', '.join(NAMES)}: `importguard run -- {path}` starts it without a mark"
        )
    if shutil.which(path, path=environment.get("PATH")) is None:
        raise UsageError(f"there is no {path!r}")
    return path


def marked(path, environment):
    """Return (words, environment) that start a shell with the user's own settings and a mark in its prompt."""
    name = os.path.basename(path)
    environment = {**environment, VARIABLE: "1"}
    if name == "bash":
        return [path, "--rcfile", str(HERE / "bash.rc"), "-i"], environment
    if name == "fish":
        quoted = str(HERE / "mark.fish").replace("\\", "\\\\").replace("'", "\\'")
        return [path, "-i", "-C", f"source '{quoted}'"], environment
    if "ZDOTDIR" in environment:
        environment["IMPORTGUARD_ZDOTDIR"] = environment["ZDOTDIR"]
    return [path, "-i"], {**environment, "ZDOTDIR": str(HERE / "zsh")}


def initial(name):
    """Return what the start-up file of a shell evaluates to guard projects that carry a policy."""
    return (HERE / ("init.fish" if name == "fish" else "init.sh")).read_text("utf-8")
