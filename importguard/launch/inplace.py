"""What a guarded process without a launcher above it goes by: where its records go, and that no plugin is named."""

import os

from importguard.errors import CannotArm
from importguard.report.writer import open_writer


def require_no_plugins(resolved, where):
    """Raise CannotArm where a policy names plugins that nobody could call: they are for the launcher of `run` alone."""
    if resolved.plugins:
        names = ", ".join(map(repr, resolved.plugins))
        raise CannotArm(f"plugins {names} are called by `importguard run` alone, not in {where}")


def records(records):
    """Return where a guarded process without a supervisor writes, once it is known that it can."""
    if not records:
        return "stderr"
    writer = open_writer(records)
    if records == "-":
        return f"fd:{writer.fd}"
    if records.startswith("fd:"):
        os.set_inheritable(writer.fd, True)
        return records
    os.close(writer.fd)
    return "file:" + os.path.abspath(records)
