"""A thief at each place of a run, by name of the key that it wants: stopped, and pinned to where it was."""

import pytest
from support import wheels
from support.suites import places

PLUGIN = """
import acme_thief
acme_thief.steal("plugin")
"""
CONFTEST = """
import acme_thief, pytest
acme_thief.steal("conftest")

def pytest_collection_modifyitems():
    acme_thief.steal("hook")

@pytest.fixture(scope="session")
def costly():
    acme_thief.steal("fixture")
    yield
    acme_thief.steal("teardown")

@pytest.fixture(scope="session", autouse=True)
def of_everything():
    acme_thief.steal("autouse")
"""
COLLECTED = """
import acme_thief
acme_thief.steal("collection")
"""
TESTS = """
import asyncio, subprocess, sys, threading
import acme_thief

event = threading.Event()
loop = asyncio.new_event_loop()
CHILD = "import sys, acme_thief; sys.stdin.read(1); acme_thief.steal(sys.argv[1])"

def start(key):
    return subprocess.Popen([sys.executable, "-c", CHILD, key], stdin=subprocess.PIPE)

def test_first():
    pass

def test_thief():
    acme_thief.steal("test")

def test_starts_thread():
    globals()["thread"] = acme_thief.steal_later(event, "thread")

def test_starts_child():
    globals()["child"] = start("child")

def test_waits_for_its_child():
    start("waited").communicate(b"x")

def test_forks():
    import os
    if not (pid := os.fork()):
        acme_thief.steal("fork")
        os._exit(0)
    os.waitpid(pid, 0)

def test_innocent():
    event.set()
    thread.join()
    child.communicate(b"x")

def test_last(costly):
    pass
"""
LOADING = "importguard: refused at the loading of plugins and conftests"
EXPECTED = {
    "plugin": LOADING,
    "conftest": LOADING,
    "hook": "importguard: refused at no test in particular",
    "collection": "ERROR collecting test_collected.py",
    "autouse": "ERROR at setup of test_first",
    "fixture": "ERROR at setup of test_last",
    "teardown": "ERROR at teardown of test_last",
    "test": "test_thief",
    "thread": "importguard: refused at test_it.py::test_starts_thread",
    "child": "importguard: refused at test_it.py::test_starts_child",
    "waited": "test_waits_for_its_child",
    "fork": "test_forks",
}
WAYS = {
    "plain": {},
    "in a worker of xdist": {"options": ("-n", "1")},
    "under an outer run": {"outer": ("--records", "/dev/null")},
    "in a worker under an outer run": {"options": ("-n", "1"), "outer": ("--records", "/dev/null")},
}


@pytest.fixture
def infested(suite):
    points = "[pytest11]\nacme = acme_plugin\n"
    suite.install(wheels.Wheel("acme-plugin", "1.0", {"acme_plugin.py": PLUGIN}, meta={"entry_points.txt": points}))
    suite.write(conftest=CONFTEST, test_collected=COLLECTED, test_it=TESTS)
    suite.keys(*EXPECTED)
    return suite


def run(suite, *options, **more):
    return suite.run("--continue-on-collection-errors", "-p", "no:randomly", *options, **more)


def test_each_thief_succeeds_unguarded(infested):
    """The control: without the guard every key is stolen."""
    _code, output = run(infested)

    assert infested.stolen() == set(EXPECTED), output


@pytest.mark.parametrize("way", WAYS)
def test_each_thief_is_stopped_and_pinned(infested, way):
    """With it none is, and each refusal is told at the place that caused it, and nowhere else."""
    how = WAYS[way]

    code, output = run(infested, "--importguard", *how.get("options", ()), outer=how.get("outer", ()))

    assert code != 0 and not infested.stolen(), output
    found = places(output)
    assert {name: found.get(name) for name in EXPECTED} == {name: {place} for name, place in EXPECTED.items()}, output
