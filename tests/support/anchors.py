"""What a link into a page may name: its headings, as the usual viewers spell them, and anchors of its own."""

import re

HEADING = re.compile(r"^#+ (.*)$", re.MULTILINE)
OWN = re.compile(r'<a id="([\w-]+)">')


def of(page):
    """Return the anchors of a page."""
    text = page.read_text()
    return {spelled(heading) for heading in HEADING.findall(text)} | set(OWN.findall(text))


def spelled(heading):
    """Return the anchor of a heading."""
    return re.sub(r"\s", "-", re.sub(r"[^\w\s-]", "", heading.lower()).strip())
