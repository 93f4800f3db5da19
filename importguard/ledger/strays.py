"""Files that Python could import from a site directory and that are nobody's, or not what their name says."""

import ast
import functools
import os
import re

from importguard.ledger import finding, regular

EXTENSION = re.compile(r"(?P<module>[^.]+)(\.(cpython|abi3|pypy)[^/]*)?\.so")
IMPORTABLE = (".py", ".so", ".pyc")
# Programs and archives; a text that begins with "MZ" is one when a NUL follows in its head.
MAGIC = (b"\x7fELF", b"PK\x03\x04", b"\xca\xfe\xba\xbe", b"\xcf\xfa\xed\xfe", b"\xfe\xed\xfa\xcf", b"\x1f\x8b\x08")
HEAD = 1024
MYPYC = "__mypyc"
WORD = re.compile(rb"[A-Za-z_][A-Za-z0-9_]*")
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
    owned_tops = {
        path[len(site_dir) + 1 :].partition(os.sep)[0] for path in owned if path.startswith(site_dir + os.sep)
    }
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
    """Return {path: MD5 in hexadecimal} of the files below a directory that Debian's package manager owns."""
    found = {}
    if not site_dir.startswith("/usr/") or not os.path.isdir(DPKG):
        return found
    prefix = site_dir[1:] + "/"
    for name in os.listdir(DPKG):
        if name.endswith(".md5sums"):
            with open(os.path.join(DPKG, name), encoding="utf-8", errors="surrogateescape") as file:
                lines = (line.rstrip("\n").split("  ", 1) for line in file if prefix in line)
                found.update({"/" + path: made for made, path in lines})
    return found


def shadowed(paths, owner_of):
    """Yield a Finding for each extension module that is loaded in place of a .py of another making.

    Compilers of Python (Cython, mypyc) leave the source beside their result: that is the same owner's, and the names
    that the source defines are in the compiled file.
    """
    present = set(paths)
    parts = _Parts(paths)
    for path in paths:
        match = EXTENSION.fullmatch(os.path.basename(path))
        source = os.path.join(os.path.dirname(path), match["module"] + ".py") if match else ""
        if not match or source not in present:
            continue
        owner, other = owner_of(path), owner_of(source)
        if owner != other:
            reason = f"is loaded in place of {source!r}, which is {other or 'nobody'}'s"
        elif _is_compiled_from(path, source, parts):
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
            with regular.read_binary(path) as file:
                head = file.read(HEAD)
        except OSError:
            continue
        if head.startswith(MAGIC) or b"\0" in head:
            yield finding.Finding(
                finding.NOT_SOURCE, path, owner_of(path), f"no Python source: begins with {head[:8]!r}"
            )


def _is_compiled_from(path, source, parts):
    """Do at least half of the names that a source defines at its top occur in the compiled file, or in mypyc's part of it?"""
    try:
        with regular.read_binary(source) as file:
            body = ast.parse(file.read()).body
    except (OSError, SyntaxError, ValueError, RecursionError):
        return False
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    names = {node.name for node in body if isinstance(node, kinds)}
    names |= {
        target.id
        for node in body
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    if not names:
        return True
    words = _words(_read(path))
    if parts.named_in(words):
        words = words | parts.words
    return sum(name.encode() in words for name in names) * 2 >= len(names)


class _Parts:
    """The extension modules of mypyc that hold the code of many others, read once."""

    def __init__(self, paths):
        self.paths = [path for path in paths if path.endswith(".so") and MYPYC in os.path.basename(path)]

    def named_in(self, words):
        """Does a compiled file, of which these are the words, hand over to one of them?"""
        return any(word.endswith(MYPYC.encode()) for word in words)

    @functools.cached_property
    def words(self):
        return frozenset().union(*(_words(_read(path)) for path in self.paths))


def _words(data):
    return frozenset(WORD.findall(data))


def _read(path):
    try:
        with regular.read_binary(path) as file:
            return file.read()
    except OSError:
        return b""
