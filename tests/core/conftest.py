"""A world with two small distributions: one that misbehaves when it is imported, one that starts what it is told."""

import pytest
from support import envs, wheels, worlds

KID = """
import os, socket
host, port = os.environ["SINK"].removeprefix("http://").split(":")
try:
    with socket.create_connection((host, int(port)), 5) as connection:
        connection.sendall(b"GET /kid HTTP/1.0\\r\\n\\r\\n")
        connection.recv(64)
except PermissionError:
    pass
"""
STARTER = """
import subprocess, sys

def start(code):
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout
"""


@pytest.fixture(scope="session")
def furnished_environments(tmp_path_factory):
    """Return a function that gives an environment of an Interpreter with both distributions; built once."""
    kept = {}

    def environment(interpreter):
        if interpreter.tag not in kept:
            folder = tmp_path_factory.mktemp(interpreter.tag)
            made = envs.create(folder / "env", interpreter)
            kid = wheels.Wheel("acme-kid", "1.0", {"acme_kid.py": KID})
            starter = wheels.Wheel("acme-starter", "2.1", {"acme_starter/__init__.py": STARTER})
            envs.install(made, kid, starter, folder=folder / "wheels")
            kept[interpreter.tag] = made
        return kept[interpreter.tag]

    return environment


@pytest.fixture
def world(tmp_path, interpreter, furnished_environments):
    """A World on the running version."""
    with worlds.furnished(tmp_path, furnished_environments(interpreter)) as furnished:
        yield furnished


@pytest.fixture
def any_world(tmp_path, any_interpreter, furnished_environments):
    """A World on each supported version in turn."""
    with worlds.furnished(tmp_path, furnished_environments(any_interpreter)) as furnished:
        yield furnished
