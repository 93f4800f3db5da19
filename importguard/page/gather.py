"""Reads records files for the page: every line is a record, or nothing is written."""

from importguard import errors
from importguard.report import stored

MOST_TOLD = 20


def gather(paths, *, skip=False):
    """Return (records in the order of their times, lines about what was left out).

    Raises RecordsError with file, line and reason of what can't be read; with `skip`, such lines are left out and told.
    """
    found, problems = [], []
    for path in paths:
        for place, record, problem in stored.lines(path):
            if problem:
                problems.append(f"{place}: unreadable record: {problem}")
            else:
                found.append(record)
    if problems and not skip:
        raise errors.RecordsError("\n".join([*problems[:MOST_TOLD], *_rest(problems)]))
    return sorted(found, key=lambda record: record.get("time", "")), problems


def _rest(problems):
    if len(problems) > MOST_TOLD:
        yield f"and {len(problems) - MOST_TOLD} lines more"
