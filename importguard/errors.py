"""Every exception that importguard raises, with its code and its exit status."""

import errno

USAGE = 2
CANNOT_ARM = 3
KILLED = 86


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


class Denied(PermissionError):
    """An operation that the policy refuses; looks to code like EACCES. `record` is what was recorded."""

    code = "IG201"

    def __init__(self, text="", record=None):
        super().__init__(errno.EACCES, text)
        self.record = record

    def __reduce__(self):
        return type(self), (self.strerror, self.record)

    def __str__(self):
        return self.strerror


class BlockedImport(ImportError):
    """An import that the policy refuses. `record` is what was recorded."""

    code = "IG202"

    def __init__(self, text="", record=None, name=None, path=None):
        super().__init__(text, name=name, path=path)
        self.record = record

    def __reduce__(self):
        return type(self), (self.msg, self.record, self.name, self.path)
