"""What a link into a page may name: its headings, as the usual viewers spell them, and anchors of its own."""

import re
from pathlib import Path

EXPLANATION = Path(__file__).parents[2] / "docs/explanation"
HEADING = re.compile(r"^#+ (.*)$", re.MULTILINE)
OWN = re.compile(r'<a id="([\w-]+)">')


def of(page):
    """Return the anchors of a page."""
    text = page.read_text()
    return {spelled(heading) for heading in HEADING.findall(text)} | set(OWN.findall(text))


def limits():
    """Return {anchor: page} of everything that the pages of limits speak of."""
    return {anchor: page for page in sorted(EXPLANATION.glob("limits*.md")) for anchor in of(page)}


def of_limit(section):
    """Return the link, from the root of the repository, to a section of the limits; raises KeyError for one that isn't there."""
    return f"docs/explanation/{limits()[section].name}#{section}"


def spelled(heading):
    """Return the anchor of a heading."""
    return re.sub(r"\s", "-", re.sub(r"[^\w\s-]", "", heading.lower()).strip())
