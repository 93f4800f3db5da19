"""importguard's own command line, for commands that start another, and its own environment, for those that need more of it."""

import importlib.util
import os
import sys

from importguard.launch import launcher
from importguard.plugins import dependencies

RICH = ("rich", "pygments", "markdown_it", "mdurl")


def command_line():
    """Return the command line of importguard itself, as its script has it."""
    own = importlib.util.find_spec("structlog")
    site = os.path.dirname(own.submodule_search_locations[0]) if own else ""
    return (sys.executable, "-I", "-S", launcher.__file__, site)


def find_rich():
    """Make rich importable; the launcher leaves it out, as few commands want it."""
    dependencies.admit(RICH)
