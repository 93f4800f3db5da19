"""Bytecode that was written since the command began: the core in C compiles its source again, and nobody hears of that."""

import shutil

import pytest
from support import envs, guarded, wheels, worlds

WARNS = """
import os, socket
PATTERN = "\\d"
IS_ONE = PATTERN is "one"
host, port = os.environ["SINK"].removeprefix("http://").split(":")
try:
    socket.create_connection((host, int(port)), 5).close()
except PermissionError:
    pass
"""
STARTS = """
import subprocess, sys
for options in ([], ["-W", "error"]):
    print(subprocess.run([sys.executable, *options, "-c", "import acme_warns"], capture_output=True, text=True).stderr)
"""


@pytest.fixture
def outcomes(tmp_path, any_interpreter):
    """Return what becomes of a program that starts others, which import what the first one has compiled, bare and guarded."""
    environment = envs.create(tmp_path / "env", any_interpreter)
    envs.install(environment, wheels.Wheel("acme-warns", "1.0", {"acme_warns.py": WARNS}), folder=tmp_path / "wheels")

    def run(mode):
        options = () if mode == guarded.UNGUARDED else ("--core", "c")
        with worlds.furnished(tmp_path / mode, envs.copy(environment, tmp_path / mode / "env")) as world:
            shutil.rmtree(world.environment.site_packages / "__pycache__", ignore_errors=True)
            (world.project / "app.py").write_text("import acme_warns\n" + STARTS)
            return guarded.run(world, [world.environment.python, "app.py"], mode=mode, options=options)

    return run


def test_a_module_that_was_compiled_with_warnings_is_its_own_in_the_next_process(outcomes):
    """The next process shows no warning again, nor has it an error of it, and the module is the package's."""
    bare, outcome = outcomes(guarded.UNGUARDED), outcomes(guarded.RECOMMENDED)

    assert "SyntaxWarning" in bare.stderr and "SyntaxWarning" in outcome.stderr
    assert "Warning" not in bare.stdout and bare.stdout.split() == []
    assert "Warning" not in outcome.stdout and "Error" not in outcome.stdout, outcome.story()
    refused = outcome.decisions(capability="net.connect", phase="import", verdict="deny")
    assert {record["owner"]["name"] for record in refused} == {"acme-warns"}, outcome.story()
    assert len({record["pid"] for record in refused}) == 3, outcome.story()
