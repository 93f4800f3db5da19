"""The names of the most downloaded distributions, most downloaded first, and the versions of them that go together.

The list holds names and places alone: the first 300 of a count of downloads from the Python Package Index, whose
figures are public (https://hugovk.github.io/top-pypi-packages/ publishes such counts).
"""

from pathlib import Path

LIST = Path(__file__).with_name("top-300-pypi.tsv")
PINS = Path(__file__).with_name("pins.txt")


def names():
    """Return all names of the list, in order."""
    return [line.split("\t")[1] for line in LIST.read_text().splitlines()]


def pins():
    """Return the lines `name==version` of all names and of what they need."""
    return [line for line in PINS.read_text().splitlines() if line and not line.startswith("#")]
