"""Which start-up code is well known, by its content and never by its name; the list is known.toml."""

import functools
import hashlib
import os
import re
import tomllib
from importlib import resources

from importguard.startupfiles import hook, parse
from importguard.startupfiles import shape as shapes


def recognise(folder, kind, data, lines, owner_of):
    """Return (name of the known pattern, modules that it runs), or ("", modules) for a start-up file's content.

    `folder` is the site directory that the file is in, `data` its bytes, `lines` what it executes, `owner_of` a
    callable from path to distribution name. All lines must be known, and so must what they import.
    """
    if kind not in ("pth", "start"):
        return _whole_file(kind, data), ()
    found = [_line(folder, text, owner_of) for _, text in lines]
    modules = tuple(dict.fromkeys(module for _, module in found if module))
    names = dict.fromkeys(name for name, _ in found)
    return (", ".join(names) if names and "" not in names else ""), modules


def source_of(folder, module):
    """Return the path that `import module` would load from this folder alone, or ""."""
    base = os.path.join(folder, module)
    for name in ("__init__.py", "__init__.pyc"):
        if os.path.isfile(os.path.join(base, name)):
            return os.path.join(base, name)
    extensions = sorted(
        entry for entry in os.listdir(folder) if entry.startswith(module + ".") and entry.endswith(".so")
    )
    candidates = [*extensions, module + ".py", module + ".pyc"]
    return next((os.path.join(folder, name) for name in candidates if os.path.isfile(os.path.join(folder, name))), "")


@functools.cache
def patterns():
    """Return known.toml as {"line": [...], "file": {...}, "shapes": {name: set}, "modules": {name: [patterns]}}."""
    text = resources.files("importguard.startupfiles").joinpath("known.toml").read_text("utf-8")
    data = tomllib.loads(text)
    known = {"line": [], "file": {}, "shapes": {}, "modules": {}}
    for entry in data["line"]:
        known["line"].append((re.compile(entry["pattern"], re.ASCII), entry))
    for entry in data["file"]:
        known["file"][entry["kind"], entry["digest"]] = entry["name"]
    for entry in data["module"]:
        if "shape" in entry:
            known["shapes"].setdefault(entry["name"], set()).add(entry["shape"])
        else:
            known["modules"].setdefault(entry["name"], []).append(re.compile(entry["pattern"], re.ASCII))
    return known


def _whole_file(kind, data):
    if kind == "sitecustomize" and data == hook.SITECUSTOMIZE.encode():
        return "importguard"
    return patterns()["file"].get((kind, hashlib.sha256(data).hexdigest()), "")


def _line(folder, text, owner_of):
    if text in (hook.PTH_LINE, hook.START_LINE):
        return _own(folder)
    for pattern, entry in patterns()["line"]:
        match = pattern.fullmatch(text)
        if match:
            module = match.expand(entry["runs"]) if "runs" in entry else ""
            trusted = not module or _runs_known(folder, module, entry, owner_of)
            return (entry["name"] if trusted else ""), module
    return "", _imported(text)


def _own(folder):
    path = source_of(folder, hook.MODULE)
    known = bool(path) and hook.is_enter(_read(path))
    return ("importguard" if known else ""), hook.MODULE


def _runs_known(folder, module, entry, owner_of):
    path = source_of(folder, module)
    if not path:
        return False
    if "owner" in entry:
        return owner_of(path) == entry["owner"]
    data = _read(path)
    if any(
        pattern.fullmatch(data.decode("utf-8", "replace")) for pattern in patterns()["modules"].get(entry["module"], ())
    ):
        return True
    try:
        return path.endswith(".py") and shapes.shape(data) in patterns()["shapes"].get(entry["module"], ())
    except ValueError:
        return False


def _imported(text):
    match = re.match(r"import[ \t]+([A-Za-z_][\w.]*)", text)
    name = match[1].partition(".")[0] if match else ""
    return "" if name in ("sys", "os", "types") else name


def _read(path):
    try:
        return parse.read(path)
    except OSError:
        return b""
