"""What is installed, as a lock names it: each distribution with its digest, each start-up file with its content's."""

import hashlib
import os

from importguard import findings
from importguard.ledger import regular
from importguard.lock import digest, model
from importguard.versions import canonical_name

SUFFIX = ".dist-info"


def entries(sites, is_app=lambda name: False, ours=()):
    """Return an Entry for each distribution in the ledger's `sites` and for each start-up file of nobody's.

    What is the application's own has none, nor has importguard itself, whose start-up files have one of `ours` (bytes)
    for content.
    """
    found = {}
    for folder, site in sites.items():
        files = _startup_files(folder, site, ours)
        for name, version, record in _records(folder):
            known = site["dists"].get(name)
            if known is None or known["version"] != version or not _counts(name, known, is_app):
                continue
            digests = (digest.of_record(record),) if record is not None else ()
            found.setdefault(name, model.Entry(name, version, digests=digests, startup_files=files.get(name, ())))
        for name, known in site["dists"].items():
            if _counts(name, known, is_app):
                found.setdefault(name, model.Entry(name, known["version"], startup_files=files.get(name, ())))
        for name, content in files.get("", ()):
            found.setdefault(("", name), model.Entry(name, "", model.STARTUP, digests=(content,)))
    return [model.ordered(entry) for entry in found.values()]


def _counts(name, known, is_app):
    return known["kind"] != "app" and name != "importguard" and not is_app(name)


def _records(folder):
    """Yield (name, version, RECORD or None) for each dist-info folder."""
    try:
        names = sorted(os.listdir(folder))
    except OSError:
        return
    for name in names:
        if name.endswith(SUFFIX):
            stem, _, version = name.removesuffix(SUFFIX).partition("-")
            try:
                with regular.read_binary(f"{folder}/{name}/RECORD") as file:
                    yield canonical_name(stem), version, file.read()
            except OSError:
                yield canonical_name(stem), version, None


def _startup_files(folder, site, ours):
    """Return {distribution or "": ((file name, digest), …)} of the start-up files that execute something."""
    found = {}
    for name in site["startup"]:
        path = f"{folder}/{name}"
        if name.endswith(".pth") and not findings.has_executable_lines(path):
            continue
        owner = site["files"].get(path) or site["prefixes"].get(path) or ""
        content = _content(path)
        if content and content not in ours:
            digested = "sha256:" + hashlib.sha256(content).hexdigest()
            found.setdefault(owner, []).append((name, digested))
    return {owner: tuple(files) for owner, files in found.items()}


def _content(path):
    try:
        with regular.read_binary(path if os.path.isfile(path) else path + "/__init__.py") as file:
            return file.read()
    except OSError:
        return b""
