"""What code sees when it is refused something, and how a process ends that the guard ends; all that start-up needs of errors.py."""

USAGE = 2
CANNOT_ARM = 3
KILLED = 86
EACCES = 13  # as on every POSIX system; to import `errno` would take longer than all of this
HOME = "importguard.errors"  # where both are documented, with all the others


class Denied(PermissionError):
    """An operation that the policy refuses; looks to code like EACCES. `record` is what was recorded."""

    __module__ = HOME
    code = "IG201"

    def __init__(self, text="", record=None):
        super().__init__(EACCES, text)
        self.record = record

    def __reduce__(self):
        return type(self), (self.strerror, self.record)

    def __str__(self):
        return self.strerror


class BlockedImport(ImportError):
    """An import that the policy refuses. `record` is what was recorded."""

    __module__ = HOME
    code = "IG202"

    def __init__(self, text="", record=None, name=None, path=None):
        super().__init__(text, name=name, path=path)
        self.record = record

    def __reduce__(self):
        return type(self), (self.msg, self.record, self.name, self.path)
