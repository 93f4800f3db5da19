"""Writes the page: one file, which asks nothing of anybody, and in which no text of a record is ever markup."""

import base64
import errno
import hashlib
import json
import os
import pathlib
import string
import sys
import tempfile

HERE = pathlib.Path(__file__).parent


def page(content):
    """Return the HTML for a `model.content`."""
    style, *scripts = ((HERE / name).read_text("utf-8") for name in ("page.css", "imports.js", "page.js"))
    script = "".join(scripts)
    template = string.Template((HERE / "page.html").read_text("utf-8"))
    # Inside a script element only `<` could end it; as an escape of JSON it is the same text.
    data = json.dumps(content, separators=(",", ":")).replace("<", "\\u003c")
    return template.substitute(
        style=style, script=script, style_digest=_digest(style), script_digest=_digest(script), data=data
    )


def is_poured(path):
    """Say whether a path is standard output, a device or a pipe: it is written to and stays what it is."""
    return path == "-" or os.path.exists(path) and not os.path.isfile(path)


def write(path, text):
    """Write a file whole or not at all, with nothing left beside it; what takes it as it comes gets it so."""
    if path == "-":
        if sys.stdout is None:
            raise OSError(errno.EBADF, "standard output is closed")
        sys.stdout.buffer.write(text.encode())
        return
    if is_poured(path):
        pathlib.Path(path).write_text(text, "utf-8")
        return
    path = os.path.realpath(path)
    handle, temporary = tempfile.mkstemp(dir=os.path.dirname(path))
    try:
        with open(handle, "w", encoding="utf-8") as file:
            file.write(text)
        os.replace(temporary, path)
    except OSError:
        os.unlink(temporary)
        raise


def _digest(text):
    """Return a text's digest as a Content-Security-Policy has it."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
