"""The modules of a distribution that others import, read off its RECORD."""

import csv
import re

NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
SUFFIX = re.compile(r"(?:\.cpython-[^.]+|\.abi3|\.pypy[^.]+)?\.(?:py|so)")


def modules_of(environment, name):
    """Return the top-level modules of distribution `name`, sorted; inside a namespace package its portions."""
    files = _files(environment, name)
    packages = {path[:-1] for path in files if path[-1] == "__init__.py"}
    found = set()
    for path in files:
        top = next((path[:depth] for depth in range(1, len(path)) if path[:depth] in packages), None)
        module = top or _single(path)
        if module and all(NAME.fullmatch(part) for part in module):
            found.add(".".join(module))
    return sorted(found - {"sitecustomize", "usercustomize"})


def _files(environment, name):
    pattern = re.compile(re.sub(r"[-_.]+", "[-_.]+", name) + r"-[^-]+\.dist-info", re.IGNORECASE)
    (folder,) = [path for path in environment.site_packages.glob("*.dist-info") if pattern.fullmatch(path.name)]
    with (folder / "RECORD").open(newline="") as lines:
        return {tuple(row[0].split("/")) for row in csv.reader(lines) if row and ".dist-info/" not in row[0]}


def _single(path):
    stem, suffix = path[-1].partition(".")[::2]
    if len(path) == 1 and SUFFIX.fullmatch("." + suffix):
        return (stem,)
    return None
