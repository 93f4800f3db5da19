"""Writes records as JSON lines to where the user asked for, and counts what couldn't be written."""

import errno
import json
import os
import select

from importguard.errors import CannotArm

PATIENCE = 1000  # milliseconds that a full, non-blocking target is waited for


class Writer:
    """A target for records. `lost` counts those that couldn't be written, `problem` says why the first one couldn't."""

    def __init__(self, fd, name):
        self.fd = fd
        self.name = name
        self.lost = 0
        self.problem = ""
        self._torn = False

    def write(self, record):
        """Append one record; a failure is counted and never raised."""
        data = encode(record)
        if self._torn:
            data = b"\n" + data
        try:
            self._write_all(data)
            self._torn = False
        except OSError as error:
            self.lost += 1
            self.problem = self.problem or os.strerror(error.errno or errno.EIO)

    def _write_all(self, data):
        view = memoryview(data)
        while view:
            try:
                done = os.write(self.fd, view)
            except BlockingIOError:
                if not select.select([], [self.fd], [], PATIENCE / 1000)[1]:
                    raise
                continue
            view = view[done:]
            # When the disk fills up in the middle of a line, the next record must begin a line of its own.
            self._torn = bool(view)


def open_writer(target):
    """Return the Writer for `FILE`, `-` (standard error) or `fd:N`; raises CannotArm when it can't be opened."""
    try:
        if target == "-":
            os.fstat(2)
            return Writer(2, "standard error")
        if target.startswith("fd:"):
            return _writer_of_descriptor(target)
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC
        return Writer(os.open(target, flags, 0o600), target)
    except OSError as error:
        raise CannotArm(f"can't write records to {target!r}: {error.strerror}") from error


def encode(record):
    """Return a record as one line of ASCII JSON."""
    return json.dumps(record, separators=(",", ":")).encode("ascii") + b"\n"


def _writer_of_descriptor(target):
    number = target[3:]
    if not number.isdecimal():
        raise CannotArm(f"can't write records to {target!r}: not a descriptor number")
    fd = int(number)
    if fd == 1:
        raise CannotArm("can't write records to 'fd:1': records never go to standard output (- is standard error)")
    os.write(fd, b"")
    if fd > 2:
        # The command has no business with it.
        os.set_inheritable(fd, False)
    return Writer(fd, target)
