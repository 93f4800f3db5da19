"""Options, markers and fixtures of every room; `support` becomes importable because this file lies beside it."""

import pytest
from support import envs, interpreters

MARKERS = (
    "registry: needs packages from the package index; skipped when pip can't fetch them",
    "compiler: needs a C compiler",
)


def pytest_addoption(parser):
    text = "own: every row on the running version and a smoke subset on the others; all: every row on every version"
    parser.addoption("--pythons", choices=("own", "all"), default="own", help=text)


def pytest_configure(config):
    for marker in MARKERS:
        config.addinivalue_line("markers", marker)


@pytest.fixture(scope="session")
def interpreter():
    """The Interpreter that runs the tests."""
    return interpreters.own()


@pytest.fixture(scope="session", params=interpreters.SUPPORTED)
def any_interpreter(request):
    """Each supported Interpreter in turn; skips the versions that this machine doesn't have."""
    found = interpreters.find(request.param)
    if found is None:
        pytest.skip(interpreters.missing(request.param))
    return found


@pytest.fixture(scope="session")
def empty_environment(interpreter, tmp_path_factory):
    """An environment without anything in it, for the running version; copy it, don't change it."""
    return envs.create(tmp_path_factory.mktemp("empty") / "env", interpreter)
