"""What RECORD says of each distribution in a site directory: every file, with its hash and size."""

import csv
import os
from dataclasses import dataclass

from importguard import versions
from importguard.ledger import finding, regular

SUFFIX = ".dist-info"


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of RECORD: `path` is absolute, `digest` as in "sha256=…" or ""."""

    path: str
    digest: str


@dataclass(frozen=True, slots=True)
class Recorded:
    """One distribution: its PEP 503 `name`, `version`, the dist-info `folder`, the entries and what is wrong with them."""

    name: str
    version: str
    folder: str
    entries: tuple[Entry, ...]
    problems: tuple[finding.Finding, ...]


def read_all(site_dir):
    """Return a Recorded for each dist-info folder, in the order of their names."""
    try:
        names = sorted(os.listdir(site_dir))
    except OSError:
        return []
    folders = [os.path.join(site_dir, name) for name in names if name.endswith(SUFFIX)]
    # pip renames to ~ what it is about to remove, and leaves it so when it is stopped.
    return [
        _read(site_dir, path) for path in folders if not os.path.basename(path).startswith("~") and os.path.isdir(path)
    ]


def legacy_tops(site_dir):
    """Return the top-level names that egg-info folders and files of old installers claim, which have no RECORD."""
    tops = set()
    try:
        names = [name for name in os.listdir(site_dir) if name.endswith(".egg-info")]
    except OSError:
        return tops
    for name in names:
        path = os.path.join(site_dir, name, "top_level.txt")
        tops.add(name.partition("-")[0].removesuffix(".egg-info"))
        if os.path.isfile(path):
            with open(path, encoding="utf-8", errors="surrogateescape") as file:
                tops |= {line.strip().partition("/")[0] for line in file}
    return tops


def _read(site_dir, folder):
    raw, _, version = os.path.basename(folder).removesuffix(SUFFIX).partition("-")
    name = versions.canonical_name(raw)
    problems = []
    if not os.path.isfile(os.path.join(folder, "METADATA")):
        problems.append(
            finding.Finding(finding.METADATA, folder, name, "no METADATA: a broken or a made-up installation")
        )
    path = os.path.join(folder, "RECORD")
    try:
        with regular.read_binary(path) as file:
            data = file.read()
    except OSError as error:
        problems.append(
            finding.Finding(finding.METADATA, folder, name, f"no RECORD ({error.strerror}): nothing can be checked")
        )
        return Recorded(name, version, folder, (), tuple(problems))
    entries, reasons = _parse(site_dir, data)
    problems += [finding.Finding(finding.RECORD, path, name, reason) for reason in reasons]
    return Recorded(name, version, folder, entries, tuple(problems))


def _parse(site_dir, data):
    reasons = []
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        reasons.append(f"not UTF-8 at byte {error.start}; the rest was read all the same")
        text = data.decode("utf-8", "surrogateescape")
    entries = []
    try:
        for row in csv.reader(text.splitlines()):
            if row and row[0] and "\0" not in row[0]:
                path = os.path.normpath(os.path.join(site_dir, row[0]))
                entries.append(Entry(path, row[1] if len(row) > 1 else ""))
    except csv.Error as error:
        reasons.append(f"not readable after {len(entries)} lines: {error}")
    return tuple(entries), reasons
