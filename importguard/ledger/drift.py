"""Where files differ from what RECORD says of them, and which of them two distributions claim."""

import base64
import hashlib
import os

from importguard.ledger import finding, regular

BLOCK = 1 << 20
# Those whose digests have a length of their own.
ALGORITHMS = {name for name in hashlib.algorithms_guaranteed if not name.startswith("shake_")}
CACHE = "__pycache__"


def compare(recorded, site_dir, system):
    """Yield a Finding for each file of a distribution that has changed or gone.

    What has gone outside the site directory (commands, manual pages) is none: images leave those out. `system` maps
    what the system's package manager owns to its MD5: it patches what it packages, and says so in its own list.
    """
    packaged = os.path.join(recorded.folder, "METADATA") in system
    for entry in recorded.entries:
        if not entry.digest:
            if not packaged and not _is_cached(entry.path) and _has_gone(entry.path, site_dir):
                yield finding.Finding(finding.MISSING, entry.path, recorded.name, "listed in RECORD and not there")
            continue
        try:
            actual = digest(entry.path, entry.digest.partition("=")[0])
        except FileNotFoundError:
            if not packaged and _has_gone(entry.path, site_dir):
                yield finding.Finding(finding.MISSING, entry.path, recorded.name, "listed in RECORD and not there")
            continue
        except (OSError, ValueError) as error:
            yield finding.Finding(
                finding.UNREADABLE, entry.path, recorded.name, f"can't be compared with RECORD: {error}"
            )
            continue
        if actual != entry.digest and not _is_as_packaged(entry.path, system):
            yield finding.Finding(
                finding.DIFFERS, entry.path, recorded.name, "differs from RECORD: changed since it was installed"
            )


def shared(distributions):
    """Yield a Finding for each file that several distributions list with different hashes."""
    claims = {}
    for recorded in distributions:
        for entry in recorded.entries:
            claims.setdefault(entry.path, {}).setdefault(recorded.name, entry.digest)
    for path, owners in claims.items():
        if len(owners) > 1 and len(set(owners.values())) > 1:
            names = sorted(owners)
            yield finding.Finding(
                finding.SHARED, path, names[0], f"listed with different content by {', '.join(names)}"
            )


def digest(path, algorithm):
    """Return a file's digest as RECORD writes it; raises ValueError for an unknown algorithm and for what is no file."""
    if algorithm not in ALGORITHMS:
        raise ValueError(f"unknown hash {algorithm!r}")
    made = hashlib.new(algorithm)
    with regular.read_binary(path) as file:
        while block := file.read(BLOCK):
            made.update(block)
    return algorithm + "=" + base64.urlsafe_b64encode(made.digest()).rstrip(b"=").decode()


def _is_as_packaged(path, system):
    if path not in system:
        return False
    with open(path, "rb") as file:
        return hashlib.md5(file.read(), usedforsecurity=False).hexdigest() == system[path]


def _is_cached(path):
    return path.endswith(".pyc") or os.path.basename(path) == CACHE


def _has_gone(path, site_dir):
    return path.startswith(site_dir + os.sep) and not os.path.lexists(path)
