"""The digest of an installed distribution: the same in every environment, whatever installed it."""

import csv
import hashlib
import io

# What installers write of their own accord, beside METADATA; the last two are uv's, where it installs a file or a folder.
OF_INSTALLERS = frozenset(("RECORD", "INSTALLER", "REQUESTED", "direct_url.json", "uv_cache.json", "uv_build.json"))


def of_record(data):
    """Return the digest of RECORD's content (bytes): "sha256:…" over its sorted lines inside purelib and platlib.

    Bytecode, what lies outside (commands, data) and what installers add differ from one environment to the next.
    """
    # `installer` has a `./` before what a wheel brings for the other of the two site directories.
    lines = sorted(line for line in map(_plain, _lines(data)) if _counts(line))
    return "sha256:" + hashlib.sha256(b"".join(line + b"\n" for line in lines)).hexdigest()


def _lines(data):
    """Return RECORD's lines, spelled in one way whatever a writer quotes and ends lines with."""
    if b'"' not in data:
        return [line.rstrip(b"\r") for line in data.split(b"\n")]
    text = io.StringIO(data.decode("utf-8", "surrogateescape"), newline="")
    try:
        return [",".join(row).encode("utf-8", "surrogateescape") for row in csv.reader(text)]
    except csv.Error:
        # What can't be read as RECORD is told apart by its bytes.
        return data.split(b"\n")


def _plain(line):
    while line.startswith(b"./"):
        line = line[2:]
    return line


def _counts(line):
    path = line.partition(b",")[0] if line.count(b",") == 2 else line.rpartition(b",")[0].rpartition(b",")[0]
    if not line or path.startswith((b"../", b"/")) or path.endswith(b".pyc"):
        return False
    folder, slash, name = path.partition(b"/")
    return not (slash and folder.endswith(b".dist-info") and name.decode("utf-8", "replace") in OF_INSTALLERS)
