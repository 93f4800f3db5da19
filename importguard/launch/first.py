"""Whether this process itself was first: `python -m importguard` comes after the start-up files of its environment."""

import os
import sys

from importguard.errors import CannotArm
from importguard.launch import preflight
from importguard.ledger.scan import scan_all


class NotFirst(CannotArm):
    """Start-up files ran before importguard did."""

    code = "IG304"


def require_first():
    """Raise NotFirst when a start-up file that is not well known ran before this line."""
    if sys.flags.no_site:
        return
    import site  # it has run already, which is the very point

    folders = [*([site.getusersitepackages()] if site.ENABLE_USER_SITE else []), *site.getsitepackages()]
    folders = [os.path.realpath(folder) for folder in folders if os.path.isdir(folder)]
    sites = scan_all(folders)
    records, _known = preflight.look_at_startup_files(folders, sites, sys.version_info[:2])
    if records:
        paths = ", ".join(repr(record["target"]) for record in records[:5])
        raise NotFirst(
            f"`python -m importguard` can't be first here: {paths} ran before it; type `importguard run`, whose script "
            "starts ahead of them, or install importguard in an environment of its own"
        )
