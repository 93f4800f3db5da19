"""Every exception that importguard raises, with its code and its exit status."""

from importguard.denials import CANNOT_ARM, KILLED, USAGE, BlockedImport, Denied

__all__ = [
    "CANNOT_ARM", "KILLED", "USAGE", "AdvisoryError", "BlockedImport", "CannotArm", "Denied", "ImportguardError", "LockError",
    "PolicyError", "RecordsError", "UsageError",
]  # fmt: skip


class ImportguardError(Exception):
    """An error that a user can act on: `code` names its section in docs/reference/errors.md."""

    code = "IG100"
    exit_status = USAGE

    def __str__(self):
        return f"importguard {self.code}: {super().__str__()}"


class UsageError(ImportguardError):
    """The command line can't be carried out as it was typed."""

    code = "IG101"


class PolicyError(ImportguardError):
    """A policy can't be used; the text holds one line a problem, each with file, line and reason."""

    code = "IG110"


class LockError(ImportguardError):
    """A lock can't be used."""

    code = "IG120"


class AdvisoryError(ImportguardError):
    """An advisory file or database can't be read."""

    code = "IG130"


class RecordsError(ImportguardError):
    """The records can't be written or read."""

    code = "IG140"


class CannotArm(ImportguardError):
    """The guard can't be put in place, so nothing was started."""

    code = "IG301"
    exit_status = CANNOT_ARM
