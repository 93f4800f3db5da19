"""The policies that ship with importguard, and what each of them builds on."""

import functools
import hashlib
import marshal
import pathlib
import tomllib

from importguard.policy import toml

READ, DIGEST = ".read", 32
FOLDER = pathlib.Path(__file__).parent / "presets"


@functools.cache
def read(name):
    """Return the Policy of a preset."""
    text = (FOLDER / f"{name}.toml").read_text("utf-8")
    return toml.parse(text, name=f"{name}.toml", label=f"preset:{name}", data=_read_already(name, text))


def _read_already(name, text):
    """Return what a preset holds as the build of a wheel has read it, None where there is none of this very text.

    Reading TOML takes a tenth of the time that it takes to arm.
    """
    try:
        data = (FOLDER / f"{name}{READ}").read_bytes()
    except OSError:
        return None
    return marshal.loads(data[DIGEST:]) if data[:DIGEST] == _digest(text) else None


def keep_read(folder):
    """Put beside each preset in a folder what it holds; a build calls this."""
    for path in folder.glob("*.toml"):
        text = path.read_text("utf-8")
        # Version 2 of the format, which every CPython reads and which depends on no identities.
        path.with_suffix(READ).write_bytes(_digest(text) + marshal.dumps(tomllib.loads(text), 2))


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
