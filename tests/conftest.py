"""Options, markers and fixtures of every room; `support` becomes importable because this file lies beside it."""

import os
import signal
import zlib

import pytest
from hypothesis import HealthCheck, settings
from support import envs, interpreters, wheels, worlds

MARKERS = (
    "registry: needs packages from the package index; skipped when pip can't fetch them",
    "compiler: needs a C compiler",
)


# How long an example takes says how busy the machine is.
settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")


def pytest_addoption(parser):
    text = "own: on the running version, and on one of the others in turn; all: on every version"
    text += "; alone: only what runs on the running version alone"
    parser.addoption("--pythons", choices=("own", "all", "alone"), default="own", help=text)
    text = "try every case of what is tried in samples else: each allocation, many more arguments"
    parser.addoption("--thorough", action="store_true", help=text)


def pytest_configure(config):
    for marker in MARKERS:
        config.addinivalue_line("markers", marker)
    _take_signals_as_a_terminal_has_them()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers():
    """For `-n auto`: the tests wait for other processes for a third of their time."""
    cores = len(os.sched_getaffinity(0))
    return cores + (cores + 1) // 2


def _take_signals_as_a_terminal_has_them():
    """A shell starts what runs in its background with these ignored, and so would every program under test be."""
    for number, usual in ((signal.SIGINT, signal.default_int_handler), (signal.SIGHUP, signal.SIG_DFL), (signal.SIGQUIT, signal.SIG_DFL)):
        if signal.getsignal(number) == signal.SIG_IGN:
            signal.signal(number, usual)


def pytest_collection_modifyitems(config, items):
    """Leave out what runs on every version wherever it is run, and what isn't a version's turn."""
    pythons = config.getoption("--pythons")
    kept, left = [], []
    for item in items:
        version = item.callspec.params.get("any_interpreter") if "any_interpreter" in item.fixturenames else None
        is_kept = version is None or pythons == "all" or (pythons == "own" and _is_its_turn(item, version))
        (kept if is_kept else left).append(item)
    if left:
        config.hook.pytest_deselected(items=left)
        items[:] = kept


def _is_its_turn(item, version):
    """Say whether a test is one that a version gets: the running one gets all of them, the others share them."""
    others = [each for each in interpreters.SUPPORTED if each != interpreters.OWN]
    turn = zlib.crc32(item.nodeid.replace(version, "").encode()) % len(others)
    return version in (interpreters.OWN, others[turn])


@pytest.fixture(scope="session")
def is_thorough(request):
    """Whether every case is tried, and not a sample."""
    return request.config.getoption("--thorough")


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
