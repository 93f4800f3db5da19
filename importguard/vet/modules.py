"""The modules of an installed distribution, read off its RECORD, and what each of them is for."""

import csv
import re
from dataclasses import dataclass
from pathlib import Path

NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
SUFFIX = re.compile(r"(?:\.cpython-[^.]+|\.abi3)?\.so|\.py")
TEST = re.compile(r"tests?|testing|conftest|test_.*|.*_tests?|_?tests_.*")
STARTUP = ("sitecustomize", "usercustomize")


@dataclass(frozen=True, slots=True)
class Modules:
    """What a distribution brings: `plain` modules, those of its `tests`, and `programs`, which do something when imported."""

    plain: tuple[str, ...]
    tests: tuple[str, ...]
    programs: tuple[str, ...]


def modules_of(site, name):
    """Return the Modules of the distribution `name` in the folder `site`, packages ahead of what is in them.

    Raises OSError or ValueError where there is no RECORD or more than one.
    """
    found = {module for path in recorded(site, name) if (module := module_at(path))}
    kinds = {"plain": [], "tests": [], "programs": []}
    for module in sorted(found, key=lambda module: module.split(".")):
        kinds[_kind(module)].append(module)
    return Modules(**{kind: tuple(modules) for kind, modules in kinds.items()})


def recorded(site, name):
    """Return the paths below `site` that the RECORD of a distribution lists, without its metadata."""
    pattern = re.compile(re.sub(r"[-_.]+", "[-_.]+", name) + r"-[^-]+\.dist-info", re.IGNORECASE)
    (folder,) = [path for path in Path(site).glob("*.dist-info") if pattern.fullmatch(path.name)]
    with (folder / "RECORD").open(newline="", encoding="utf-8", errors="surrogateescape") as lines:
        return [row[0] for row in csv.reader(lines) if row and ".dist-info/" not in row[0]]


def module_at(path):
    """Return the dotted name under which a path of RECORD is imported, or an empty text."""
    *folders, last = path.split("/")
    stem, dot, suffix = last.partition(".")
    if not SUFFIX.fullmatch(dot + suffix) or not all(NAME.fullmatch(part) for part in (*folders, stem)):
        return ""
    if stem == "__init__":
        return ".".join(folders)
    return "" if not folders and stem in STARTUP else ".".join((*folders, stem))


def _kind(module):
    parts = module.split(".")
    if parts[-1] == "__main__":
        return "programs"
    return "tests" if any(TEST.fullmatch(part) for part in parts[1:]) or parts[-1] == "conftest" else "plain"
