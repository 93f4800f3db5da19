"""The policies that ship with importguard, and what each of them builds on."""

import functools
import pathlib

from importguard.policy import toml

FOLDER = pathlib.Path(__file__).parent / "presets"


@functools.cache
def read(name):
    """Return the Policy of a preset."""
    text = (FOLDER / f"{name}.toml").read_text("utf-8")
    return toml.parse(text, name=f"{name}.toml", label=f"preset:{name}")


def chain(name):
    """Return the preset and those that it extends, the most particular first."""
    found = [read(name)]
    while "extends" in found[-1].settings:
        found.append(read(found[-1].settings["extends"]))
    return found


def setting(name, key):
    """Return what a preset says to a setting, or None."""
    return next((policy.settings[key] for policy in chain(name) if key in policy.settings), None)
