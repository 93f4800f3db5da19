"""The reference is complete: every error code has its section, every command its page, every record field its row."""

import importlib.util
import json
import re
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]
REFERENCE = PROJECT / "docs/reference"
CODE = re.compile(r"\bIG\d{3}\b")


def sources():
    python = (PROJECT / "importguard").rglob("*.py")
    return [*python, *(PROJECT / "importguard/core/src").glob("*.c"), PROJECT / "scripts/importguard"]


def test_every_error_code_has_a_section():
    """The codes in the source and the sections of the page are the same."""
    used = {code for path in sources() for code in CODE.findall(path.read_text())}

    explained = set(re.findall(r"^## (IG\d{3})$", (REFERENCE / "errors.md").read_text(), re.MULTILINE))

    assert explained == used


def test_every_error_has_a_next_step():
    """Each section but the base's says what to do."""
    sections = (REFERENCE / "errors.md").read_text().split("\n## ")[1:]

    assert [section[:5] for section in sections if "**Next:**" not in section] == []


@pytest.mark.parametrize(("page", "generator"), [("commands", "command_reference"), ("plugins", "hook_reference")])
def test_page_is_what_its_generator_writes(page, generator):
    """A page that is made from the code is what its generator writes now."""
    spec = importlib.util.spec_from_file_location(generator, PROJECT / f"tools/{generator}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)

    assert (REFERENCE / f"{page}.md").read_text() == module.page()


def test_page_of_records_names_every_field():
    """Every field of the schema has a place in docs/reference/records.md."""
    schema = json.loads((PROJECT / "importguard/report/record.schema.json").read_text())
    fields = set(schema["properties"])
    for part in schema["$defs"].values():
        fields |= set(part.get("properties", ()))

    page = (REFERENCE / "records.md").read_text()

    assert sorted(field for field in fields if f"`{field}`" not in page) == []
