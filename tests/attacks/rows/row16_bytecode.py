"""Payloads that are bytecode only, loaded past the import statement: fshec2."""

import subprocess

from payloads import STEAL_KEY, app, quietly
from scenario import Expected, Scenario
from support.wheels import Wheel, bytecode

LOAD_FILE = """
import importlib.machinery, os
path = os.path.join(os.path.dirname(__file__), "full.pyc")
importlib.machinery.SourcelessFileLoader("full", path).load_module()
"""
LOAD_TEXT = """
import marshal, os
with open(os.path.join(os.path.dirname(__file__), "model.bin"), "rb") as file:
    exec(marshal.loads(file.read()), {})
"""


def marshalled(interpreter):
    """Return the payload as a bare code object, marshalled by the interpreter that will load it."""
    program = "import marshal, sys; sys.stdout.buffer.write(marshal.dumps(compile(sys.stdin.read(), 'x', 'exec')))"
    command = [interpreter.path, "-I", "-S", "-c", program]
    return subprocess.run(command, input=quietly(STEAL_KEY).encode(), capture_output=True, check=True).stdout


def loading(variant, story, package, **fields):
    """Return a Scenario in which acme-fs loads its payload by the statements `package`."""
    return Scenario(
        row=16,
        variant=variant,
        story=story,
        models=("fshec2 1.0.0",),
        techniques=("T1195.002", "T1027", "T1620", "T1552.004", "T1041"),
        app=app("import acme_fs"),
        achieves=("leaked:ssh", "POST:/key"),
        denied=(Expected("fs.read", "acme-fs", "import", "*/.ssh/id_ed25519"),),
        then=(Expected("net.connect", "acme-fs", "import", "127.0.0.1:*"),),
        **fields,
        wheels=(Wheel("acme-fs", "1.0.4", {"acme_fs/__init__.py": "from . import main\n", **package}),),
    )


SCENARIOS = (
    loading(
        "sourceless",
        "a .pyc without a source, loaded by importlib's own loader, reads a private key and posts it",
        {"acme_fs/main.py": LOAD_FILE, "acme_fs/full.pyc": bytecode(quietly(STEAL_KEY))},
        flagged=("*/full.pyc",),
    ),
    loading(
        "marshal",
        "a marshalled code object in a data file does the same",
        {"acme_fs/main.py": LOAD_TEXT, "acme_fs/model.bin": marshalled},
    ),
)
