"""Files that Python could import from a site directory and that are nobody's, or not what their name says."""

import ast
import os
import re

from importguard.ledger import finding

EXTENSION = re.compile(r"(?P<module>[^.]+)(\.(cpython|abi3|pypy)[^/]*)?\.so")
IMPORTABLE = (".py", ".so", ".pyc")
# Programs and archives; a text that begins with "MZ" is one when a NUL follows in its head.
MAGIC = (b"\x7fELF", b"PK\x03\x04", b"\xca\xfe\xba\xbe", b"\xcf\xfa\xed\xfe", b"\xfe\xed\xfa\xcf", b"\x1f\x8b\x08")
HEAD = 1024
DPKG = "/var/lib/dpkg/info"


def walk(site_dir):
    """Return the paths of all importable files below a site directory, and of bytecode, sorted."""
    found = []
    for base, folders, names in os.walk(site_dir):
        folders.sort()
        found += [os.path.join(base, name) for name in names if name.endswith(IMPORTABLE)]
    return found


def unowned(site_dir, paths, owned, allowed):
    """Yield a Finding for each importable file outside `owned`, one for a whole package that is nobody's.

    `allowed` are top-level names that belong to an installer of another kind, or to known start-up files.
    """
    owned_tops = {path[len(site_dir) + 1 :].partition(os.sep)[0] for path in owned if path.startswith(site_dir + os.sep)}
    told = set()
    for path in paths:
        if path in owned or f"{os.sep}__pycache__{os.sep}" in path:
            continue
        top = path[len(site_dir) + 1 :].partition(os.sep)[0]
        if top.partition(".")[0] in allowed or not top.partition(".")[0].isidentifier():
            continue
        reported = path if top in owned_tops else os.path.join(site_dir, top)
        if reported not in told:
            told.add(reported)
            yield finding.Finding(finding.UNOWNED, reported, "", "importable, and no RECORD lists it")


def dpkg_files(site_dir):
    """Return the paths below a directory that Debian's package manager owns."""
    found = set()
    if not site_dir.startswith("/usr/") or not os.path.isdir(DPKG):
        return found
    for name in os.listdir(DPKG):
        if name.endswith(".list"):
            with open(os.path.join(DPKG, name), encoding="utf-8", errors="surrogateescape") as file:
                found |= {line.rstrip("\n") for line in file if line.startswith(site_dir + "/")}
    return found


def shadowed(paths, owner_of):
    """Yield a Finding for each extension module that is loaded in place of a .py of another making.

    Compilers of Python (Cython, mypyc) leave the source beside their result: that is the same owner's, and the names
    that the source defines are in the compiled file.
    """
    present = set(paths)
    for path in paths:
        match = EXTENSION.fullmatch(os.path.basename(path))
        source = os.path.join(os.path.dirname(path), match["module"] + ".py") if match else ""
        if not match or source not in present:
            continue
        owner, other = owner_of(path), owner_of(source)
        if owner != other:
            reason = f"is loaded in place of {source!r}, which is {other or 'nobody'}'s"
        elif _is_compiled_from(path, source, present):
            continue
        else:
            reason = f"is loaded in place of {source!r} and holds none of its names"
        yield finding.Finding(finding.SHADOWED, path, owner, reason)


def not_source(paths, owner_of):
    """Yield a Finding for each .py file that begins as a program or an archive does, or holds a NUL."""
    for path in paths:
        if not path.endswith(".py"):
            continue
        try:
            with open(path, "rb") as file:
                head = file.read(HEAD)
        except OSError:
            continue
        if head.startswith(MAGIC) or b"\0" in head:
            yield finding.Finding(finding.NOT_SOURCE, path, owner_of(path), f"no Python source: begins with {head[:8]!r}")


def _is_compiled_from(path, source, present):
    """Do at least half of the names that a source defines at its top occur in the compiled file, or in mypyc's part of it?"""
    try:
        with open(source, "rb") as file:
            body = ast.parse(file.read()).body
    except (OSError, SyntaxError, ValueError, RecursionError):
        return False
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    names = {node.name for node in body if isinstance(node, kinds)}
    names |= {target.id for node in body if isinstance(node, ast.Assign) for target in node.targets if isinstance(target, ast.Name)}
    if not names:
        return True
    data = b"".join(_read(at) for at in [path, *(at for at in present if at.endswith(".so") and "__mypyc" in at)])
    return sum(name.encode() in data for name in names) * 2 >= len(names)


def _read(path):
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError:
        return b""
