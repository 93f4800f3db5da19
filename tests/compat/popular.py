"""The names of the most downloaded distributions, most downloaded first, from the committed list."""

from pathlib import Path

LIST = Path(__file__).with_name("top-300-pypi.tsv")


def names():
    """Return all names of the list, in order."""
    return [line.split("\t")[1] for line in LIST.read_text().splitlines()]
