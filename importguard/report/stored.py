"""Reads files of records as they were written: each line is a record, or there is something wrong with it."""

import json

from importguard import errors
from importguard.report.reader import problem_of


def lines(path):
    """Yield (place, record, problem) for each line that isn't empty; the record is None where there is a problem.

    `place` is "path:line". Raises RecordsError for a file that can't be read.
    """
    try:
        with open(path, encoding="utf-8", errors="surrogateescape") as file:
            for number, line in enumerate(file, 1):
                if line.strip():
                    yield f"{path}:{number}", *_parsed(line)
    except OSError as error:
        raise errors.RecordsError(f"{path}: can't be read: {error.strerror}") from error


def _parsed(line):
    try:
        fields = json.loads(line)
    except (ValueError, RecursionError) as error:
        return None, str(error)
    problem = problem_of(fields, written=True)
    return (None, problem) if problem else (fields, "")
