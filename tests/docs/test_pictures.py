"""The pictures of the documentation, which `make pictures` makes from real runs."""

import re
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]
PICTURES = sorted((PROJECT / "docs/pictures").iterdir())
MOST_BYTES = 200_000


@pytest.mark.parametrize("picture", PICTURES, ids=lambda path: path.name)
def test_picture_is_small_shown_and_asks_nothing_of_anybody(picture):
    """A page shows it, with words for who can't see it; it is small, and holds no address of anything else."""
    pages = [PROJECT / "README.md", *PROJECT.glob("docs/*/*.md")]
    shown = [found for page in pages for found in re.findall(r"!\[([^]]+)\]\(([^)]+)\)", page.read_text())]

    assert [words for words, path in shown if path.endswith(f"pictures/{picture.name}") and len(words) > 40]
    assert picture.stat().st_size < MOST_BYTES
    if picture.suffix == ".svg":
        outside = re.sub(r'xmlns="[^"]+"', "", picture.read_text())
        assert not re.search(r"https?:|url\((?!#)|<script|<image", outside)
