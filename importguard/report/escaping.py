"""Makes attacker-chosen text harmless to show."""

import functools
import re


@functools.cache
def _unsafe():
    """Return the pattern of what a text is not shown with, compiled when somebody first wants it: a run with nothing to show compiles none."""
    return re.compile(
        "[\x00-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff\U000e0000-\U000e007f]"
    )


def escape(value):
    """Return a value in which no text holds a control, format or bidirectional character."""
    if type(value) is str:
        # Nearly all of what is recorded is plain, which is found out faster.
        is_plain = value.isascii() and value.isprintable()
        return value if is_plain else _unsafe().sub(lambda found: _escaped(found.group()), value)
    if type(value) is list:
        return [escape(item) for item in value]
    if type(value) is dict:
        return {escape(name): escape(item) for name, item in value.items()}
    return value


def _escaped(character):
    code = ord(character)
    return f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}" if code < 65536 else f"\\U{code:08x}"
