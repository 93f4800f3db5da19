"""Finds the JSON documents in a file, a folder, a zip or at a URL, within bounds that no hostile source can exceed."""

import contextlib
import dataclasses
import os
import stat
import zipfile
import zlib

from importguard import errors
from importguard.advisories import download

LARGEST_DOCUMENT = 64 << 20
LARGEST_TOTAL = 4 << 30
MOST_MEMBERS = 2_000_000
JSON, JSON_LINES = (".json",), (".jsonl", ".ndjson")
ZIP_STARTS = (b"PK\x03\x04", b"PK\x05\x06")
# What zipfile and zlib raise for a broken or encrypted member; NotImplementedError for a compression that they don't know.
_UNREADABLE = (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError, OSError, ValueError)


@dataclasses.dataclass(frozen=True, slots=True)
class Document:
    """A JSON text: `where` it was found, its bytes, and whether it is one of JSON lines."""

    where: str
    data: bytes
    is_line: bool = False


@dataclasses.dataclass(frozen=True, slots=True)
class Refusal:
    """Something that isn't taken in: `where` it was found, and the reason."""

    where: str
    reason: str


class Budget:
    """How many bytes may still be read from a source."""

    def __init__(self, total=LARGEST_TOTAL):
        self.left = total

    def spend(self, size, where):
        """Take bytes off; raises AdvisoryError when the source holds more than may be read."""
        self.left -= size
        if self.left < 0:
            raise errors.AdvisoryError(f"{where!r}: more than {LARGEST_TOTAL} bytes in all")


def documents(source):
    """Yield each Document or Refusal in a file, folder, zip or URL; raises AdvisoryError when it can't be opened."""
    budget = Budget()
    if download.is_url(source):
        with download.fetched(source, LARGEST_TOTAL) as path:
            yield from _in_file(path, download.without_secrets(source), budget)
    elif os.path.isdir(source):
        yield from _in_folder(source, budget)
    else:
        yield from _in_file(source, source, budget)


def label(source):
    """Return the short name under which a source is remembered."""
    shown = shown_source(source)
    return "osv " + (shown if download.is_url(source) else os.path.basename(shown))


def shown_source(source):
    """Return a source as it may be shown and stored: an absolute path, or a URL without its secrets; printable."""
    text = download.without_secrets(source) if download.is_url(source) else os.path.abspath(source)
    return printable(text)


def printable(text):
    """Return a text with everything escaped that a terminal would act on."""
    return "".join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in text)


def _in_folder(folder, budget):
    for parent, folders, names in os.walk(folder, onerror=_raise):
        folders.sort()
        for name in sorted(names):
            if name.lower().endswith(JSON + JSON_LINES):
                path = os.path.join(parent, name)
                yield from _in_member_file(path, budget)


def _in_member_file(path, budget):
    try:
        yield from _in_file(path, path, budget)
    except errors.AdvisoryError as error:
        if budget.left < 0:
            raise
        yield Refusal(path, str(error.args[0]).removeprefix(f"{path!r}: "))


def _in_file(path, where, budget):
    with _opened(path, where) as file:
        start = file.read(4)
        file.seek(0)
        if start in ZIP_STARTS:
            yield from _in_zip(file, where, budget)
        else:
            yield from _in_text(file, where, where, budget)


@contextlib.contextmanager
def _opened(path, where):
    # A FIFO or a device would block or never end, so look before reading.
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except (OSError, ValueError) as error:
        raise errors.AdvisoryError(f"{where!r}: {getattr(error, 'strerror', None) or error}") from error
    with open(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise errors.AdvisoryError(f"{where!r}: not a regular file")
        try:
            yield file
        except OSError as error:
            raise errors.AdvisoryError(f"{where!r}: {error.strerror or error}") from error


def _in_zip(file, where, budget):
    try:
        archive = zipfile.ZipFile(file)
    except _UNREADABLE as error:
        raise errors.AdvisoryError(f"{where!r}: not a readable zip: {error}") from error
    if len(archive.infolist()) > MOST_MEMBERS:
        raise errors.AdvisoryError(f"{where!r}: more than {MOST_MEMBERS} members")
    for info in archive.infolist():
        if info.filename.lower().endswith(JSON + JSON_LINES):
            yield from _in_member(archive, info, f"{where}/{info.filename}", budget)


def _in_member(archive, info, where, budget):
    try:
        with archive.open(info) as file:
            yield from _in_text(file, info.filename, where, budget)
    except _UNREADABLE as error:
        yield Refusal(where, f"unreadable member: {error}")


def _in_text(file, name, where, budget):
    if name.lower().endswith(JSON_LINES):
        yield from _lines(file, where, budget)
        return
    data = file.read(LARGEST_DOCUMENT + 1)
    budget.spend(len(data), where)
    if len(data) > LARGEST_DOCUMENT:
        yield Refusal(where, f"larger than {LARGEST_DOCUMENT} bytes")
    else:
        yield Document(where, data)


def _lines(file, where, budget):
    number = 0
    while line := file.readline(LARGEST_DOCUMENT + 1):
        number += 1
        budget.spend(len(line), where)
        if len(line) > LARGEST_DOCUMENT:
            yield Refusal(f"{where}:{number}", f"line longer than {LARGEST_DOCUMENT} bytes")
            return
        if line.strip():
            yield Document(f"{where}:{number}", line, is_line=True)


def _raise(error):
    raise errors.AdvisoryError(f"{error.filename!r}: {error.strerror}") from error
