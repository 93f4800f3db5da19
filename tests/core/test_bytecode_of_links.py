"""Bytecode that an earlier run has left beside a link: whose it is, when the link leads to somebody else's file."""

import subprocess

import pytest
from support import envs, guarded, wheels, worlds

DEED = """
import os, socket
host, port = os.environ["SINK"].removeprefix("http://").split(":")
try:
    with socket.create_connection((host, int(port)), 5) as connection:
        connection.sendall(b"GET /reached HTTP/1.0\\r\\n\\r\\n")
        connection.recv(64)
except PermissionError:
    pass
"""
IMPORTS = "import sys\n\ndef run(folder):\n    sys.path.insert(0, folder)\n    import beside\n"
# Compiles what is on standard input into the cache of a source, in whose name and with whose time and size it is written.
CACHES = """
import importlib._bootstrap_external as external, importlib.util, os, sys
source = sys.argv[1]
status = os.stat(source)
code = compile(sys.stdin.read(), source, "exec")
cached = importlib.util.cache_from_source(source)
os.makedirs(os.path.dirname(cached))
with open(cached, "wb") as file:
    file.write(external._code_to_timestamp_pyc(code, int(status.st_mtime), status.st_size))
"""


@pytest.fixture
def reached(tmp_path, any_interpreter):
    """Return a function that puts a link with a cache into a folder of the world's, runs it, and says what arrived."""

    def run(where, mode):
        environment = envs.create(tmp_path / mode / "env", any_interpreter)
        envs.install(environment, wheels.Wheel("acme-imports", "1.0", {"acme_imports.py": IMPORTS}), folder=tmp_path / mode / "wheels")
        with worlds.furnished(tmp_path / mode, environment) as world:
            folder = world.project / where if where else world.root / "elsewhere"
            folder.mkdir()
            (world.project / "helper.py").write_text("value = 1\n")
            (folder / "beside.py").symlink_to(world.project / "helper.py")
            caching = [any_interpreter.path, "-I", "-c", CACHES, folder / "beside.py"]
            subprocess.run(caching, input=DEED, text=True, check=True, timeout=60)
            (world.project / "app.py").write_text(f"import acme_imports\nacme_imports.run({str(folder)!r})\n")
            options = () if mode == guarded.UNGUARDED else ("--core", "c")
            outcome = guarded.run(world, [environment.python, "app.py"], mode=mode, options=options)
            return "GET:/reached" in world.evidence(), outcome

    return run


def test_bytecode_beside_a_link_to_the_projects_file_is_not_the_projects(reached):
    """It acts unguarded; guarded it is nobody's, and refused what is refused at import."""
    bare, _ = reached("", guarded.UNGUARDED)
    arrived, outcome = reached("", guarded.RECOMMENDED)

    assert bare
    assert not arrived, outcome.story()
    refused = outcome.decisions(capability="net.connect", phase="import", verdict="deny")
    assert {record["owner"]["name"] for record in refused} == {"unowned"}, outcome.story()


def test_bytecode_beside_a_link_within_the_project_is_the_projects(reached):
    """What lies in the project as well as what it is a cache of is the application's, as it was."""
    arrived, outcome = reached("part", guarded.RECOMMENDED)

    assert arrived and outcome.decisions(verdict="deny") == [], outcome.story()
