"""What `importguard enable` wrote into a site directory and what stood there before: manifest.json beside the hook."""

import json
import os
from dataclasses import asdict, dataclass

from importguard.errors import UsageError
from importguard.startupfiles import files, hook

FORMAT = 1
FILE = "manifest.json"


@dataclass(frozen=True, slots=True)
class Manifest:
    """`files` maps paths below the site directory to the digests that are ours; `previous` is the digest of the
    sitecustomize.py that was kept aside, or ""; `bytecode` names its compiled files, kept aside too; `cache` says
    whether the site directory had a __pycache__."""

    version: str
    files: dict[str, list[str]]
    previous: str
    bytecode: tuple[str, ...]
    cache: bool


def folder(site):
    """Return the folder of the hook in a site directory."""
    return os.path.join(site, hook.MODULE)


def load(site):
    """Return the Manifest of a site directory, or None when nothing was enabled there; raises UsageError."""
    path = os.path.join(folder(site), FILE)
    try:
        with open(path, encoding="utf-8") as file:
            content = json.load(file)
        if content.pop("v") != FORMAT:
            raise ValueError(f"not of format {FORMAT}")
        return Manifest(**{**content, "bytecode": tuple(content["bytecode"])})
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise UsageError(f"{path!r}: {error.strerror}") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise UsageError(
            f"{path!r} is damaged ({error}); remove {folder(site)!r} and the hook's files by hand"
        ) from error


def dump(manifest):
    """Return the bytes of manifest.json."""
    return (json.dumps({"v": FORMAT, **asdict(manifest)}, indent=1, sort_keys=True) + "\n").encode()


def changed(site, manifest):
    """Return the paths that hold something else than was written; a file that has gone isn't among them."""
    expected = {os.path.join(site, name): set(digests) for name, digests in manifest.files.items()}
    own = os.path.join(site, "sitecustomize.py")
    if own in expected and manifest.previous:
        expected[own].add(manifest.previous)
    found = [path for path, digests in expected.items() if files.digest(path) not in {*digests, ""}]
    return sorted(found + _foreign(site, expected))


def missing(site, manifest):
    """Return the paths that were written and have gone."""
    return sorted(os.path.join(site, name) for name in manifest.files if not files.digest(os.path.join(site, name)))


def _foreign(site, expected):
    """Return files in the hook's own folder that nobody wrote there: not ours to delete."""
    ours = {*expected, os.path.join(folder(site), FILE)}
    kept = os.path.join(folder(site), "previous") + os.sep
    found = []
    for base, _, names in os.walk(folder(site)):
        if os.path.basename(base) != "__pycache__":
            found += [os.path.join(base, name) for name in names if not name.startswith(files.TEMPORARY)]
    return [path for path in found if path not in ours and not path.startswith(kept)]
