"""What begins in one place of a run and fires in another, or when the run is over, is told all the same."""

import re

import pytest
from support.suites import IN_TEST, outcomes

# What begins while the module is collected, and fires in a test.
BEGUN = {
    "asynchronous test of unittest": """
import unittest, acme_thief
class TestIt(unittest.IsolatedAsyncioTestCase):
    async def test_it(self):
        acme_thief.steal()
""",
    "pool of threads": """
import acme_thief, concurrent.futures
pool = concurrent.futures.ThreadPoolExecutor(1)
pool.submit(int).result()
def test_it():
    pool.submit(acme_thief.steal).result()
""",
    "thread": """
import acme_thief, threading
event = threading.Event()
thread = acme_thief.steal_later(event)
def test_it():
    event.set()
    thread.join()
""",
    "context": """
import acme_thief, contextvars
context = contextvars.copy_context()
def test_it():
    context.run(acme_thief.steal)
""",
    "call of a loop": """
import acme_thief, asyncio
loop = asyncio.new_event_loop()
loop.call_later(0, acme_thief.steal)
def test_it():
    loop.run_until_complete(asyncio.sleep(0.01))
""",
    "child": """
import subprocess, sys
child = subprocess.Popen([sys.executable, "-c", "input(); import acme_thief; acme_thief.steal()"], stdin=subprocess.PIPE)
def test_it():
    child.communicate(b"now\\n")
""",
}
# What fires when the last test is over, by who finds it.
ENDING = {
    "summary": ("conftest", "import acme_thief\ndef pytest_terminal_summary():\n    acme_thief.steal()\n"),
    "unconfigure": ("conftest", "import acme_thief\ndef pytest_unconfigure():\n    acme_thief.steal()\n"),
    "thread": (
        "conftest",
        "import acme_thief, threading\nevent = threading.Event()\n"
        "thread = acme_thief.steal_later(event)\n"
        "def pytest_unconfigure():\n    event.set()\n    thread.join()\n",
    ),
    "child": (
        "conftest",
        "import subprocess, sys\nCODE = 'input(); import acme_thief; acme_thief.steal()'\n"
        "def pytest_sessionstart(session):\n    session.child = subprocess.Popen([sys.executable, '-c', CODE], stdin=subprocess.PIPE)\n"
        "    session.config.child = session.child\n"
        "def pytest_unconfigure(config):\n    config.child.communicate(b'now\\n')\n",
    ),
}
CLEAN = "def test_it(): pass\n"


def told(output, verb="denied"):
    """Return how often a refusal's text stands in a line of its own."""
    return len(re.findall(f"^importguard IG201: {verb}  acme-thief 1.0 -> fs.read", output, re.MULTILINE))


@pytest.mark.parametrize("options", [(), ("-n", "1")], ids=["plain", "worker"])
@pytest.mark.parametrize("what", BEGUN)
def test_what_began_in_a_collection_is_told_when_it_fires(suite, what, options):
    """The report of the collection is out by then: the running test fails, or the session does."""
    suite.write(test_it=BEGUN[what])

    code, output = suite.run("--importguard", *options)

    assert code == 1 and told(output) == 1, output
    assert not suite.loot.exists()


@pytest.mark.parametrize("what", BEGUN)
def test_what_began_in_a_collection_reaches_the_key_unguarded(suite, what):
    """The control: without the guard the key is stolen, and every test passes."""
    suite.write(test_it=BEGUN[what])

    code, output = suite.run()

    assert (code, suite.loot.exists()) == (0, True), output


@pytest.mark.parametrize(("what", "how_often"), [("context", 2), ("thread", 1)])
def test_observing_tells_once_what_began_in_a_collection(suite, what, how_often):
    """It is listed at the end, by the place that it is charged to, and changes no outcome."""
    suite.write(test_it="import acme_thief\nacme_thief.steal()\n" + BEGUN[what])

    code, output = suite.run("--importguard-observe")

    assert code == 0 and told(output, "would deny") == how_often, output


def test_collection_is_told_once(suite):
    """What its report has told isn't told again at the end."""
    suite.write(test_it="import acme_thief\nacme_thief.steal()\n" + CLEAN)

    code, output = suite.run("--importguard", "--continue-on-collection-errors")

    assert code == 1 and told(output) == 1, output
    assert "importguard: refused at" not in output


@pytest.mark.parametrize("options", [(), ("-n", "1")], ids=["plain", "worker"])
@pytest.mark.parametrize("what", ENDING)
def test_what_fires_past_the_session_fails_it(suite, what, options):
    """As long as there is an exit status to set, a refusal sets it, and it is told once for each process that was refused."""
    name, text = ENDING[what]
    suite.write(test_it=CLEAN, **{name: text})

    code, output = suite.run("--importguard", *options)

    # A worker does the same as who has started it, and the two are told as one where they were at the same place.
    times = len(set(re.findall("explain --record (\\w+)", output))) + len(re.findall("^  times  2", output, re.MULTILINE))
    assert code == 1 and times == (2 if options else 1), output
    assert not suite.loot.exists()


def test_what_fires_past_the_run_is_said_on_standard_error(suite):
    """When pytest is over nobody listens any more: the denial itself is written."""
    suite.write(test_it="import acme_thief, atexit\natexit.register(acme_thief.steal)\n" + CLEAN)

    code, output = suite.run("--importguard")

    assert code == 0 and told(output) == 1, output
    assert not suite.loot.exists()


def test_child_that_outlives_the_run_says_so_itself(suite):
    """Its records have no file any more, and what it is refused is on its standard error, without a word of missing files."""
    code = "import sys, time; sys.stdin.read(); import acme_thief; acme_thief.steal()"
    starts = f"import subprocess, sys, os\nreading, writing = os.pipe()\nos.set_inheritable(writing, False)\nchild = subprocess.Popen([sys.executable, '-c', {code!r}], stdin=reading)\n"
    suite.write(test_it=starts + "def test_it():\n    os.close(reading)\n")

    code, output = suite.run("--importguard", "-s")

    assert code == 0 and told(output) == 1 and "IG140" not in output, output
    assert not suite.loot.exists()
    assert [path.name for path in suite.root.glob("importguard-*") if path.name.endswith(".jsonl")] == []


def test_refusal_that_a_test_expects_may_come_late(suite):
    """A marker holds for what a test's thread is refused when its report is out; what it doesn't name fails the session."""
    marked = """
import acme_thief, pytest, threading
event = threading.Event()

@pytest.mark.importguard(expect=["{expect}"])
def test_starts():
    globals()["thread"] = acme_thief.steal_later(event)

def test_next():
    event.set()
    thread.join()
"""
    found = []
    for expect in ("fs.read:$secrets", "proc.spawn"):
        suite.write(test_it=marked.format(expect=expect))
        found.append(suite.run("--importguard"))

    (code, output), (other, told) = found
    assert code == 0 and "importguard: refused" not in output, output
    assert other == 1 and "importguard: refused at test_it.py::test_starts" in told, told
    assert outcomes(told) == {"test_it.py::test_starts": "PASSED", "test_it.py::test_next": "PASSED"}


def test_loop_of_refusals_is_told_once_with_its_count(suite):
    """Three thousand refusals of one kind are a few lines."""
    suite.write(test_it="import acme_thief\ndef test_it():\n    for turn in range(3000): acme_thief.steal()\n" + IN_TEST)

    code, output = suite.run("--importguard", "--tb=short")

    assert code == 1 and "  times  3000" in output and told(output) < 5, output[:3000]
