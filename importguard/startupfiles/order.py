"""Which start-up files an environment has, whose they are, and in which order an interpreter runs them."""

import hashlib
import os

from importguard import model
from importguard.startupfiles import known, parse


class StartupFile(model.Value):
    """One file that runs code at the start of an interpreter.

    `path` and `name`; `kind` ("pth", "start", "sitecustomize", "usercustomize"); `owner` (PEP 503 name, or "" when no
    RECORD lists it); `lines` ((number, text), ...) that are executed; `known` (name of the known pattern, or "");
    `digest` ("sha256:…", or "" when it can't be read); `modules` (names of the modules that its lines run).
    """

    __slots__ = ("path", "name", "kind", "owner", "lines", "known", "digest", "modules")


def scan(site_dirs, owner_of, version=None):
    """Return the StartupFiles of the directories, in the order in which a start of the interpreter runs them.

    `site_dirs` is the order in which `site` goes through them; `owner_of` a callable from path to distribution name
    ("" if no RECORD lists it); `version` the interpreter's (major, minor), without it what any version would run.
    """
    found = [file for folder in dict.fromkeys(site_dirs) for file in _in_folder(folder, owner_of, version)]
    return sorted(found, key=lambda file: _stage(file.kind, version))


def ran_before(files, own_paths, version):
    """Return the StartupFiles that run before the first of `own_paths` does; all of them when none is there."""
    files = [file for file in files if file.kind != "start" or version >= (3, 15)]
    first = next((index for index, file in enumerate(files) if file.path in own_paths), len(files))
    return files[:first]


def _stage(kind, version):
    # Sorting is stable: within a stage the folders' order, and then byte order, stays. From 3.15 on all .start files
    # and .pth lines come after all paths, .pth lines of one name before or instead of .start: both count as one stage.
    return {"pth": 0, "start": 0, "sitecustomize": 1, "usercustomize": 2}[kind]


def _in_folder(folder, owner_of, version):
    try:
        names = sorted(os.listdir(folder))
    except OSError:
        return []
    files = (_look(folder, name, owner_of, version) for name in names if parse.kind_of(name))
    return [file for file in files if file]


def _look(folder, name, owner_of, version):
    """Return the StartupFile of a name that looks like one, or None when it runs nothing."""
    kind, path = parse.kind_of(name), os.path.join(folder, name)
    if kind in ("pth", "start") and version and parse.is_hidden(name, version):
        return None
    if os.path.isdir(path):
        return _package(folder, name, kind, owner_of) if kind in parse.MODULES and name == kind else None
    try:
        data = parse.read(path)
    except OSError as error:
        reason = ((0, f"can't be read: {error.strerror or error}"),)
        return StartupFile(path, name, kind, owner_of(path), reason, "", "", ())
    lines = parse.executed(kind, data, version)
    if kind in ("pth", "start") and not lines:
        return None
    pattern, modules = known.recognise(folder, kind, data, lines, owner_of)
    return StartupFile(path, name, kind, owner_of(path), lines, pattern, _digest(data), modules)


def _package(folder, name, kind, owner_of):
    path = known.source_of(folder, name)
    if not path:
        return None
    return StartupFile(path, name, kind, owner_of(path), (), "", _digest(parse.read(path)), ())


def _digest(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()
