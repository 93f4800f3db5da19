"""Reads files of records as they were written, or as a log's rotation packed them: each line is a record, or there is something
wrong with it."""

import contextlib
import errno
import io
import json
import sys

from importguard import errors
from importguard.report.reader import problem_of

LONGEST = 1 << 20  # characters; what is longer may have no end
PACKED = b"\x1f\x8b"  # how a file of gzip begins


def lines(path):
    """Yield (place, record, problem) for each line that isn't empty; the record is None where there is a problem.

    `place` is "path:line"; the path "-" is standard input. Raises RecordsError for a file that can't be read.
    """
    for place, line in texts(path):
        yield place, *_parsed(line)


def texts(path):
    """Yield (place, text) for each line that isn't empty, as `lines` does."""
    try:
        with _opened(path) as file:
            for number, line in enumerate(iter(lambda: file.readline(LONGEST), ""), 1):
                if len(line) == LONGEST:
                    raise errors.RecordsError(f"{path}:{number}: longer than a record can be")
                if line.strip():
                    yield f"{path}:{number}", line
    except (OSError, EOFError) as error:
        reason = getattr(error, "strerror", None) or error
        raise errors.RecordsError(f"{path}: can't be read: {reason}") from error


@contextlib.contextmanager
def _opened(path):
    """Give the text of a file, unpacked where it is packed."""
    if path == "-" and sys.stdin is None:
        raise OSError(errno.EBADF, "standard input is closed")
    with open(0 if path == "-" else path, "rb", closefd=path != "-") as file:
        is_packed = file.peek(len(PACKED)).startswith(PACKED)
        with _unpacked(file) if is_packed else contextlib.nullcontext(file) as plain:
            yield io.TextIOWrapper(plain, "utf-8-sig", "surrogateescape")


@contextlib.contextmanager
def _unpacked(file):
    import gzip  # most files are as they were written
    import zlib

    try:
        yield gzip.GzipFile(fileobj=file)
    except zlib.error as error:
        raise EOFError(f"not packed whole: {error}") from error


def _parsed(line):
    try:
        fields = json.loads(line)
    except (ValueError, RecursionError) as error:
        return None, str(error)
    problem = problem_of(fields, written=True)
    return (None, problem) if problem else (fields, "")
