"""Environments of every kind of interpreter, and the object that LD_PRELOAD names; all skip where it isn't built."""

from pathlib import Path

import pytest
from support import envs, interpreters, wheels, worlds

import importguard

PACKAGE = Path(importguard.__file__).resolve().parent
OBJECT = PACKAGE / "preload" / "igpreload.so"
KINDS = (*interpreters.SUPPORTED, "static")
KID = """
import contextlib, os, socket
host, _, port = os.environ["SINK"].removeprefix("http://").partition(":")
with contextlib.suppress(PermissionError), socket.create_connection((host, int(port)), 5) as connection:
    connection.sendall(b"GET /kid HTTP/1.0\\r\\n\\r\\n")
    connection.recv(64)
"""


def pytest_collection_modifyitems(items):
    """Without the object there is nothing to test here."""
    if not OBJECT.exists():
        for item in items:
            if item.path.parent == Path(__file__).parent:
                item.add_marker(pytest.mark.skip(reason=f"needs {OBJECT}, which `pip install -e .` builds with a C compiler"))


@pytest.fixture(scope="session")
def preload():
    """The path of the object."""
    return str(OBJECT)


@pytest.fixture(scope="session", params=KINDS)
def every_interpreter(request):
    """Each supported version in turn, and an interpreter that holds its library within itself, as Debian's does."""
    found = interpreters.static() if request.param == "static" else interpreters.find(request.param)
    if found is None:
        pytest.skip(interpreters.missing(request.param))
    return found


@pytest.fixture(scope="session")
def every_environment(every_interpreter, tmp_path_factory):
    """An environment of each interpreter with a distribution that calls home when it is imported."""
    folder = tmp_path_factory.mktemp("every")
    made = envs.create(folder / "env", every_interpreter)
    envs.install(made, wheels.Wheel("acme-kid", "1.0", {"acme_kid.py": KID}), folder=folder / "wheels")
    return made


@pytest.fixture
def every_world(tmp_path, every_environment):
    """A World on each interpreter in turn."""
    with worlds.furnished(tmp_path, every_environment) as furnished:
        yield furnished


@pytest.fixture(scope="session")
def compiler():
    """The path of a C compiler."""
    found = wheels.compiler()
    if found is None:
        pytest.skip("needs a C compiler")
    return found

