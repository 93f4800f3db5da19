"""A program dropped and run when a model is constructed, long after the import: ultralytics 8.3.41."""

from payloads import app
from scenario import Expected, Scenario
from support.wheels import Wheel

PACKAGE = '''
import os, subprocess, tempfile


class Model:
    """A model by name."""

    def __init__(self, name):
        self.name = name
        _prepare(name)


def _prepare(name):
    path = os.path.join(tempfile.gettempdir(), "acme_runner")
    try:
        with open(path, "wb") as file:
            file.write(b"#!/bin/sh\\ntest -e ~/.canary-home && : > ~/from-the-model.mark\\n")
        os.chmod(path, 0o755)
        subprocess.run([path, name], timeout=10)
    except OSError:
        pass
'''

SCENARIOS = (
    Scenario(
        row=26,
        story="constructing a model writes a program to the temporary folder, makes it executable and runs it",
        models=("ultralytics 8.3.41", "ultralytics 8.3.42"),
        techniques=("T1195.002", "T1105", "T1222.002", "T1059.004", "T1496"),
        wheels=(Wheel("acme-vision", "8.3.47", {"acme_vision/__init__.py": PACKAGE}),),
        app=app("import acme_vision", "assert acme_vision.Model('small').name == 'small'"),
        achieves=("wrote:home/from-the-model.mark",),
        denied=(Expected("proc.spawn", "acme-vision", "run", "*/acme_runner"),),
    ),
)
