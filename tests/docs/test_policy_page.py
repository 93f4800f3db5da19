"""The page about policies names every key, choice, capability and named target that the parser knows, and no other."""

import re
from pathlib import Path

from importguard import model
from importguard.policy import grants, toml

PAGE = (Path(__file__).parents[2] / "docs/reference/policy.md").read_text()
CODE = re.compile(r"`([^`]*)`")
NAMED = re.compile(r"\$[a-z]+")


def section(heading):
    return re.search(rf"^## {heading}\n(.*?)(?=^## )", PAGE, re.MULTILINE | re.DOTALL)[1]


def rows(heading):
    """Return the rows of a section's first table, as lists of cells."""
    lines = [line for line in section(heading).splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[1:]]


def keys():
    """Return {key as the page spells it: the codes in its value}, with what a table holds in brackets."""
    found = {}
    for names, values, _meaning in rows("Keys"):
        table = ""
        for name in CODE.findall(names):
            table = name.rpartition(".")[0] if not name.startswith(".") else table
            found[table + name if name.startswith(".") else name] = set(CODE.findall(values))
    return found


def test_every_setting_with_its_choices():
    """A setting with choices has a row with just these."""
    expected = {".".join(path): set(choices) for path, choices in toml.CHOICES.items()}

    assert {name: values for name, values in keys().items() if name in expected} == expected


def test_every_key_has_a_row():
    """Every key that a policy may have at its top, and none that it may not."""
    tops = {re.split(r"[.\s]", name.strip("[]"))[0] for name in keys()}

    assert tops == set(toml.TOP)


def test_every_key_of_a_table():
    """What a phase table, a package and an exception may hold."""
    told = keys()
    package = {name.removesuffix(".*") for name in told["[package.NAME]"]}

    assert told["[import]"] == told["[run]"] == told["[application]"] == {"allow", "deny"}
    assert package == set(toml.PACKAGE)
    assert told["[[exception]]"] == set(toml.EXCEPTION)


def test_every_capability():
    """Each has a row that says what its target is."""
    named = {name for names, *_ in rows("Grants") for name in CODE.findall(names)}

    assert named == set(model.CAPABILITIES)


def test_every_named_target():
    """Each has a row that says what it stands for."""
    named = {name for names, *_ in rows("Named targets") for name in NAMED.findall(names)}

    assert named == set(grants.ALL_NAMED)
