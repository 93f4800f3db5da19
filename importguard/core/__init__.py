"""Which core watches this process, and why not the other one."""

NAME = "py"
REASON = "the C core is not part of this build"


def choose(wanted):
    """Return (the core's name, its install function); raises ValueError when `wanted` can't be had."""
    if wanted == "c":
        raise ValueError(REASON)
    from importguard.core import pycore  # here, so that naming a core doesn't load one

    return NAME, pycore.install
