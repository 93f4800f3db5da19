"""The database that ships with importguard is what its sources make of it."""

import gzip
import json
import os
import pathlib
import subprocess
import sys

import pytest

from importguard.advisories import build, database, mapped

INCIDENTS = {
    "litellm": (["1.82.7", "1.82.8"], "1.82.6"),
    "telnyx": (["4.87.1", "4.87.2"], "4.87.0"),
    "ultralytics": (["8.3.41", "8.3.42", "8.3.45", "8.3.46"], "8.3.43"),
    "ctx": (["0.1.2-1", "0.2", "0.2.6"], "0.1.2"),
    "torchtriton": (["3.0.0"], "2.0.0"),
    "lightning": (["2.6.2", "2.6.3"], "2.6.1"),
    "num2words": (["0.5.15", "0.5.16"], "0.5.14"),
    "mistralai": (["2.4.6"], "0.10.1"),
    "elementary-data": (["0.23.3"], "0.23.4"),
    "xinference": (["2.6.0", "2.6.1", "2.6.2"], "2.5.0"),
    "guardrails-ai": (["0.10.1"], "0.10.0"),
    "durabletask": (["1.4.1", "1.4.2", "1.4.3"], "1.4.0"),
}


@pytest.mark.parametrize("seed", ["0", "1"])
def test_a_build_from_the_sources(seed):
    """It is the shipped file, byte for byte, whatever the order of sets."""
    script = "import sys; from importguard.advisories import build; sys.stdout.buffer.write(build.build())"
    environment = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": os.pathsep.join(sys.path)}
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True, env=environment)

    assert ran.stdout == pathlib.Path(database.BUNDLED).read_bytes()


def test_its_checksum():
    """The shipped file is whole, and says how many entries it has."""
    bundled = mapped.open()

    bundled.verify()

    assert bundled.header.entries == sum(bundled.note()["counts"][scope] for scope in ("versions", "all", "unknown"))
    assert {origin["licence"] for origin in bundled.note()["sources"]} >= {"Apache-2.0", "used with attribution"}


@pytest.mark.parametrize("name", INCIDENTS)
def test_a_well_known_incident(name):
    """Its versions are blocked with id and source; the version beside them isn't listed."""
    poisoned, clean = INCIDENTS[name]
    bundled = database.open()

    found = [bundled.lookup(name, version) for version in poisoned]

    assert [entry.verdict for entry in found] == ["block"] * len(poisoned)
    assert all(entry.ids and entry.source.startswith("importguard-incidents: ") for entry in found)
    assert bundled.lookup(name, clean) is None


def test_every_line_of_the_source():
    """Each is found by its name and versions, with the verdict that its scope asks for, and with an id."""
    bundled = mapped.open()
    with gzip.open(build.LINES, "rt") as lines:
        rows = [json.loads(line) for line in lines]

    assert len(rows) == bundled.header.names
    for row in rows:
        for version in row.get("versions", ["1.2.3.4"]):
            found = bundled.lookup(row["name"], version)
            assert found.ids
            assert found.verdict == expected_verdict(row)


def expected_verdict(row):
    is_called_malicious = any(name.startswith("MAL-") for name in row["ids"])
    if row["scope"] == "unknown" or ("highly_suspicious" in row.get("category", ()) and not is_called_malicious):
        return "warn"
    return "block"


def test_popular_names():
    """No widely used distribution is listed in a version that nobody listed."""
    bundled = mapped.open()

    for name in ("pip", "setuptools", "numpy", "requests", "boto3", "pandas", "django", "pytest", "cryptography"):
        assert bundled.entries(name) == []
