"""The links of the pages lead somewhere."""

import re

import pages
import pytest
from support import anchors

LINK = re.compile(r"\]\(([^):#]*)(?:#([^)]*))?\)")


@pytest.mark.parametrize("page", pages.EVERY, ids=lambda page: str(page.relative_to(pages.PROJECT)))
def test_links_of_a_page_lead_somewhere(page):
    """Every relative link names a file of the project, and where it goes on with a `#` a heading in there."""
    missing = []
    for target, anchor in LINK.findall(page.read_text()):
        path = page.parent / target if target else page
        if not path.exists() or (anchor and anchor not in anchors.of(path)):
            missing.append(f"{target}#{anchor}")

    assert missing == []
