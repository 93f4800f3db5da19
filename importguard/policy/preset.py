"""The policies that ship with importguard, and what each of them builds on."""

import functools
import hashlib
import itertools
import marshal
import pathlib

from importguard.policy import grants, toml

READ, DIGEST = ".read", 32
FOLDER = pathlib.Path(__file__).parent / "presets"


@functools.cache
def read(name):
    """Return the Policy of a preset."""
    text = (FOLDER / f"{name}.toml").read_text("utf-8")
    return _read_already(name, text) or _parsed(name, text)


def _parsed(name, text):
    return toml.parse(text, name=f"{name}.toml", label=f"preset:{name}")


def _read_already(name, text):
    """Return the Policy as the build of a wheel has read it, None where there is none of this very text.

    Reading a preset takes a tenth of the time that it takes to arm.
    """
    try:
        data = (FOLDER / f"{name}{READ}").read_bytes()
    except OSError:
        return None
    return _opened(marshal.loads(data[DIGEST:])) if data[:DIGEST] == _digest(text) else None


def keep_read(folder):
    """Put beside each preset in a folder what it says; a build calls this."""
    for path in folder.glob("*.toml"):
        text = path.read_text("utf-8")
        # Version 2 of the format, which every CPython reads and which depends on no identities.
        path.with_suffix(READ).write_bytes(_digest(text) + marshal.dumps(_shut(_parsed(path.stem, text)), 2))


def _shut(policy):
    """Return plain values that a Policy can be made of again; what depends on the day of the reading is in no preset."""
    return tuple(policy._replace(lines=_columns(policy.lines), deputies=_columns(policy.deputies)))


def _columns(lines):
    return tuple(zip(*(line._replace(grant=tuple(line.grant)) for line in lines), strict=True))


def _opened(values):
    policy = toml.Policy._make(values)
    return policy._replace(lines=_lines(policy.lines), deputies=_lines(policy.deputies))


def _lines(columns):
    """Return the Lines of _columns: there are hundreds, and nothing in here is a call of Python's for one of them."""
    if not columns:
        return ()
    *before, given, where = columns
    made = map(tuple.__new__, itertools.repeat(grants.Grant), given)
    rows = zip(*before, made, where, strict=True)
    return tuple(map(tuple.__new__, itertools.repeat(toml.Line), rows))


def _digest(text):
    return hashlib.sha256(text.encode()).digest()


def chain(name):
    """Return the preset and those that it extends, the most particular first."""
    found = [read(name)]
    while "extends" in found[-1].settings:
        found.append(read(found[-1].settings["extends"]))
    return found


def setting(name, key):
    """Return what a preset says to a setting, or None."""
    return next((policy.settings[key] for policy in chain(name) if key in policy.settings), None)
