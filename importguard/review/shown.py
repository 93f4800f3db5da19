"""Text that others chose, made harmless to look at: in a terminal, in Markdown, in a report."""

import unicodedata

MOST = 72
# Letters that are read from the right would turn round what stands beside them.
TURNING = frozenset(("R", "AL", "AN", "RLE", "LRE", "RLO", "LRO", "PDF", "RLI", "LRI", "FSI", "PDI"))


def plain(text):
    """Return a text in which nothing moves the cursor, hides, or turns the direction round."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(map(_plain, text))


def cut(text, most=MOST):
    """Return a plain text of a line's length."""
    text = plain(text)
    return text if len(text) <= most else text[: most - 1] + "…"


def code(text, most=MOST):
    """Return a text as a code span of Markdown that fits into a cell of a table."""
    return "`" + cut(text, most).replace("`", "\\x60").replace("|", "\\|") + "`"


def _plain(character):
    is_harmless = (
        character.isprintable()
        and not unicodedata.combining(character)
        and unicodedata.bidirectional(character) not in TURNING
        and unicodedata.category(character) not in ("Mn", "Me")
    )
    return character if is_harmless else ascii(character)[1:-1]
