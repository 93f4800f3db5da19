"""The tool behind `make compat` finds what differs, and goes on where it was ended."""

import dataclasses

import everything
import pytest
import table
from support import envs, wheels

from importguard.vet import installing
from importguard.vet.store import Store

BINDS = "import socket\nsocket.create_server(('127.0.0.1', 8471)).close()\n"
HARMLESS = wheels.Wheel("acme-plain", "1.0", {"acme_plain/__init__.py": "", "acme_plain/odd.py": "import nowhere_at_all\n"})
BINDING = wheels.Wheel("acme-binding", "1.0", {"acme_binding/__init__.py": "", "acme_binding/late.py": BINDS})


@pytest.fixture
def environment(empty_environment, tmp_path):
    made = envs.copy(empty_environment, tmp_path / "env")
    envs.install(made, HARMLESS, BINDING, folder=tmp_path)
    there = installing.Environment(made.path, ())
    return dataclasses.replace(there, pins=installing.pins_of(there))


def test_what_differs_is_told_and_tried_again(environment, interpreter, tmp_path):
    """A module that the guard refuses something is a difference, one that never imports is none; the rest is kept."""
    path = tmp_path / "results.jsonl"

    first = everything.compare(environment, interpreter, path, cores=["c"], tell=[].append)

    by_name = {row.bare.name: row for row in first}
    assert by_name["acme-plain"].differences == []
    differences = [text for _, text in by_name["acme-binding"].differences]
    assert any(text.startswith("acme_binding.late: PermissionError") for text in differences)
    assert any(text.startswith("acme-binding import net.listen 127.0.0.1:8471 [") for text in differences)
    assert "| acme-plain | 1.0 | 2 | 1 | 1 | none |" in table.page(first, [], interpreter, ["c"])
    lines = path.read_text().splitlines()

    second = everything.compare(environment, interpreter, path, cores=["c"], tell=[].append)

    assert second == first
    assert path.read_text().splitlines()[: len(lines)] == lines and len(path.read_text().splitlines()) == len(lines) + 1
    assert len(Store(path, f"bare, CPython {interpreter.version}").known) == 2


def test_under_another_preset(environment, interpreter, tmp_path):
    """Only what can't be imported guarded is imported bare, and only what differs is tried again."""
    path = tmp_path / "results.jsonl"

    first = everything.compare(environment, interpreter, path, cores=["c"], tell=[].append, preset="strict")
    lines = path.read_text().splitlines()
    second = everything.compare(environment, interpreter, path, cores=["c"], tell=[].append, preset="strict")

    by_name = {row.bare.name: row for row in first}
    assert by_name["acme-plain"].differences == []
    assert by_name["acme-plain"].bare.errors["acme_plain.odd"].startswith("ModuleNotFoundError")
    assert any("net.listen 127.0.0.1:8471" in text for _, text in by_name["acme-binding"].differences)
    assert second == first and len(path.read_text().splitlines()) == len(lines) + 1
    assert "under `strict` with the core (c)" in table.page(first, [], interpreter, ["c"], "strict")
