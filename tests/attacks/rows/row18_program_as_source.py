"""A program that carries the name of a Python file: num2words 0.5.15."""

import tempfile
from pathlib import Path

from payloads import app
from scenario import Expected, Scenario
from support.wheels import Wheel, compile_c

PROGRAM = r"""
#include <stdio.h>
#include <stdlib.h>
int main(void) {
    char path[4096];
    snprintf(path, sizeof path, "%s/from-the-program.mark", getenv("HOME"));
    FILE *file = fopen(path, "a");
    return file ? fclose(file) : 1;
}
"""
RUN = """
import os, subprocess
path = os.path.join(os.path.dirname(__file__), "_build.py")
try:
    os.chmod(path, 0o755)
    subprocess.run([path], timeout=10)
except OSError:
    pass
"""


def program(_interpreter):
    """Return the bytes of an executable that leaves a mark in HOME."""
    with tempfile.TemporaryDirectory() as folder:
        return compile_c(PROGRAM, Path(folder) / "program").read_bytes()


SCENARIOS = (
    Scenario(
        row=18,
        story="importing the package makes its _build.py executable and runs it: it is no Python file at all",
        models=("num2words 0.5.15", "num2words 0.5.16"),
        techniques=("T1195.002", "T1036.008", "T1106"),
        wheels=(Wheel("acme-words", "0.5.17", {"acme_words/__init__.py": RUN, "acme_words/_build.py": program}),),
        app=app("import acme_words"),
        achieves=("wrote:home/from-the-program.mark",),
        denied=(Expected("proc.spawn", "acme-words", "import", "*/_build.py"),),
        flagged=("*/_build.py",),
        needs=("compiler",),
    ),
)
