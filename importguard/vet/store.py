"""The results file: one JSON line a distribution, written as soon as it is known, so that a run can be taken up again."""

import json
import os

from importguard.errors import ImportguardError
from importguard.ledger import regular
from importguard.vet import result

START = b'{"alarms": '  # of each line, whose keys are sorted
LONGEST = 40


class ResultsError(ImportguardError):
    """The results file can't be read or written."""

    code = "IG150"


class Store:
    """The results in one file, made under the conditions `by`, a text; those of other conditions are left alone."""

    def __init__(self, path, by):
        self.path = path
        self.by = by
        self.known = {}
        folder = os.path.dirname(path) or "."
        if not os.access(path if os.path.lexists(path) else folder, os.W_OK):
            raise ResultsError(f"can't write results to {str(path)!r}: {folder!r} is no folder that can be written to")
        self._read()

    def add(self, found):
        """Keep one Result."""
        self.known[found.name, found.version] = found
        line = json.dumps({"by": self.by, **result.to_plain(found)}, sort_keys=True)
        try:
            with open(self.path, "a", encoding="utf-8") as file:
                file.write(line + "\n")
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise ResultsError(f"can't write results to {str(self.path)!r}: {error.strerror}") from error

    def _read(self):
        try:
            with regular.read_binary(self.path) as file:
                lines = file.read().split(b"\n")
        except FileNotFoundError:
            return
        except OSError as error:
            raise ResultsError(f"can't read results from {str(self.path)!r}: {error.strerror}") from error
        begun = lines.pop()
        for number, line in enumerate(lines, 1):
            if line:
                self._take(line, number)
        if begun and not begun.startswith(START) and not START.startswith(begun):
            raise ResultsError(f"{self.path}:{len(lines) + 1}: no result of vet: {begun[:LONGEST]!r}")
        if begun:
            # The run before was ended in the middle of a line: what is added must begin one of its own.
            self._cut(len(begun))

    def _take(self, line, number):
        try:
            fields = json.loads(line)
            by = fields.pop("by")
            found = result.from_plain(fields)
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise ResultsError(f"{self.path}:{number}: no result of vet: {error!r}") from error
        if by == self.by:
            self.known[found.name, found.version] = found

    def _cut(self, size):
        try:
            os.truncate(self.path, os.path.getsize(self.path) - size)
        except OSError as error:
            raise ResultsError(f"can't mend {str(self.path)!r}: {error.strerror}") from error
