"""What a link into a page may name: its headings, as the usual viewers spell them."""

import re

HEADING = re.compile(r"^#+ (.*)$", re.MULTILINE)


def of(page):
    """Return the anchors of a page."""
    return {spelled(heading) for heading in HEADING.findall(page.read_text())}


def spelled(heading):
    """Return the anchor of a heading."""
    return re.sub(r"\s", "-", re.sub(r"[^\w\s-]", "", heading.lower()).strip())
