"""Reads records files for the page: every line is a record, or nothing is written."""

import pathlib

from importguard import errors
from importguard.report import reader

MOST_TOLD = 20


def gather(paths, *, skip=False):
    """Return (records in the order of their times, lines about what was left out).

    Raises RecordsError with file, line and reason of what can't be read; with `skip`, such lines are left out and told.
    """
    found, problems = [], []
    for path in map(pathlib.Path, paths):
        for number, line in enumerate(_lines(path), 1):
            if not line.strip():
                continue
            record = reader.read_line(line)
            if record["event"] == "tamper" and record.get("pid") == 0 and "size" in record:
                problems.append(f"{path}:{number}: {record['reason']}")
            else:
                found.append(record)
    if problems and not skip:
        raise errors.RecordsError("\n".join([*problems[:MOST_TOLD], *_rest(problems)]))
    return sorted(found, key=lambda record: record.get("time", "")), problems


def _lines(path):
    try:
        return path.read_bytes().splitlines()
    except OSError as error:
        raise errors.RecordsError(f"{path}: can't be read: {error.strerror}") from error


def _rest(problems):
    if len(problems) > MOST_TOLD:
        yield f"and {len(problems) - MOST_TOLD} lines more"
