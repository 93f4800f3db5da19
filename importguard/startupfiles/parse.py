"""What a start-up file makes an interpreter run: the lines of `.pth` and `.start` files as `site` sees them."""

import os
import re
import stat

BOM = b"\xef\xbb\xbf"
EXECUTES = ("import ", "import\t")
# Where str.splitlines cuts and a text file doesn't; CPython reads .pth files with the former from 3.13 on.
ODD_BREAKS = re.compile("[\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029]")
MODULES = ("sitecustomize", "usercustomize")
MODULE_ENDINGS = re.compile(r"(\.py|\.pyc|(\.[A-Za-z0-9_-]+)?\.so|\.pyd)?")


def kind_of(name):
    """Return "pth", "start", "sitecustomize" or "usercustomize" for a name in a site directory, or ""."""
    if name.endswith(".pth"):
        return "pth"
    if name.endswith(".start"):
        return "start"
    for module in MODULES:
        if name.startswith(module) and MODULE_ENDINGS.fullmatch(name[len(module) :]):
            return module
    return ""


def executed(kind, data, version=None):
    """Return ((line number, text), ...) that a start-up file's bytes make an interpreter run.

    `version` is (major, minor); without it, what any supported version would run. The code of a sitecustomize is
    no line: it is run whole, so it gives ().
    """
    if kind == "pth":
        return executable_lines(data, version)
    if kind == "start":
        return entry_points(data)
    return ()


def executable_lines(data, version=None):
    """Return the lines of a `.pth` file that are executed, not taken for paths, each with its number."""
    if version is None:
        return tuple(sorted({*_before_3_13(data), *_since_3_13(data)}))
    return _since_3_13(data) if version >= (3, 13) else _before_3_13(data)


def entry_points(data):
    """Return the entry points of a `.start` file (PEP 829: `package.module:callable`), each with its number."""
    text = _text(data.removeprefix(BOM))
    lines = enumerate((line.strip() for line in text.splitlines()), 1)
    return tuple((number, line) for number, line in lines if line and not line.startswith("#"))


def is_hidden(name, version):
    """Is a start-up file of this name skipped by `site`? Dot files are from 3.13 on, and in some later 3.11 and 3.12."""
    return name.startswith(".") and version >= (3, 13)


def read(path):
    """Return the bytes of a regular file, links followed; raises OSError, for a pipe or a folder too."""
    handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    with open(handle, "rb") as file:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise OSError(f"not a regular file: {path!r}")
        return file.read()


def _before_3_13(data):
    # Universal newlines, and a byte-order mark stays part of the first line.
    text = _text(data).replace("\r\n", "\n").replace("\r", "\n")
    return _executed(text.split("\n"))


def _since_3_13(data):
    text = _text(data.removeprefix(BOM)).replace("\r\n", "\n").replace("\r", "\n")
    return _executed(ODD_BREAKS.sub("\n", text).split("\n"))


def _executed(lines):
    return tuple((number, line) for number, line in enumerate(lines, 1) if line.startswith(EXECUTES))


def _text(data):
    # site decodes with the locale or UTF-8; what is executed is ASCII up to "import ", which all of them share.
    return data.decode("utf-8", "surrogateescape")
