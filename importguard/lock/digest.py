"""The digest of an installed distribution: the same in every environment, whatever installed it."""

import hashlib

# What installers write of their own accord, beside METADATA; the last two are uv's, where it installs a file or a folder.
OF_INSTALLERS = frozenset(("RECORD", "INSTALLER", "REQUESTED", "direct_url.json", "uv_cache.json", "uv_build.json"))
BYTECODE = ".pyc,,"  # as installers write it, with neither digest nor size
ODD_STARTS = ("", ".", "/")  # of lines to be looked at closely
# Bytes as text, one character each: CPython looks for bytes in bytes by way of an exception.
BYTES = "latin-1"


def of_record(data):
    """Return the digest of RECORD's content (bytes): "sha256:…" over its sorted lines inside purelib and platlib.

    Bytecode, what lies outside (commands, data) and what installers add differ from one environment to the next.
    """
    lines = sorted(_counting(_lines(data)))
    return "sha256:" + hashlib.sha256("\n".join((*lines, "")).encode(BYTES)).hexdigest()


def _lines(data):
    """Return RECORD's lines, spelled in one way whatever a writer quotes and ends lines with, their bytes as text."""
    if b'"' not in data:
        lines = data.decode(BYTES).replace("\r\n", "\n").split("\n")
        return [line.rstrip("\r") for line in lines] if any("\r" in line for line in lines) else lines
    import csv  # few names have to be quoted
    import io

    text = io.StringIO(data.decode("utf-8", "surrogateescape"), newline="")
    try:
        return [",".join(row).encode("utf-8", "surrogateescape").decode(BYTES) for row in csv.reader(text)]
    except csv.Error:
        # What can't be read as RECORD is told apart by its bytes.
        return data.decode(BYTES).split("\n")


def _counting(lines):
    """Yield the lines that count, in their plain spelling; nearly all are seen at a glance to be that."""
    for line in lines:
        if line[-len(BYTECODE) :] == BYTECODE:
            continue
        if line[:1] in ODD_STARTS or ".pyc," in line or ".dist-info/" in line:
            # `installer` has a `./` before what a wheel brings for the other of the two site directories.
            line = _plain(line)
            if not _counts(line):
                continue
        yield line


def _plain(line):
    while line.startswith("./"):
        line = line[2:]
    return line


def _counts(line):
    path = line.partition(",")[0] if line.count(",") == 2 else line.rpartition(",")[0].rpartition(",")[0]
    if not line or path.startswith(("../", "/")) or path.endswith(".pyc"):
        return False
    folder, slash, name = path.partition("/")
    return not (slash and folder.endswith(".dist-info") and name.encode(BYTES).decode("utf-8", "replace") in OF_INSTALLERS)
