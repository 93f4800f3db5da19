"""Writes the page: one file, which asks nothing of anybody, and in which no text of a record is ever markup."""

import base64
import hashlib
import json
import os
import pathlib
import string
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


def write(path, text):
    """Write a file whole or not at all; a device or a pipe, as /dev/stdout may be, is written to and stays what it is."""
    path = pathlib.Path(path)
    if path.exists() and not path.is_file():
        path.write_text(text, "utf-8")
        return
    path = pathlib.Path(os.path.realpath(path))
    with tempfile.NamedTemporaryFile("w", encoding="utf-8", dir=path.parent, delete=False) as file:
        file.write(text)
    os.chmod(file.name, 0o600)
    os.replace(file.name, path)


def _digest(text):
    """Return a text's digest as a Content-Security-Policy has it."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
