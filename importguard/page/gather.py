"""Reads records files for the page: every line is a record, or is told of."""

from importguard.report import stored

MOST_TOLD = 20


def gather(paths):
    """Return (records in the order of their times, a text with file, line and reason for each line that is none).

    Raises RecordsError for a file that can't be read.
    """
    found, problems = [], []
    for path in paths:
        for place, record, problem in stored.lines(path):
            if problem:
                problems.append(f"{place}: unreadable record: {problem}")
            else:
                found.append(record)
    return sorted(found, key=lambda record: record.get("time", "")), problems


def told(problems):
    """Return the first of many problems, and how many more there are."""
    more = [f"and {len(problems) - MOST_TOLD} lines more"] if len(problems) > MOST_TOLD else []
    return [*problems[:MOST_TOLD], *more]
