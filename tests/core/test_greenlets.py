"""Greenlets: what runs in one is the doing of whoever made it, though its chain of frames begins anew."""

import pytest
from support import envs, guarded, interpreters, kept, wheels, worlds

pytestmark = pytest.mark.registry
NEEDS = ("greenlet", "gevent")
THIEF = r"""
import os, pathlib, shutil, sys
import greenlet

SECRET = pathlib.Path.home() / ".aws/credentials"
LOOT = pathlib.Path("loot")

def steal():
    LOOT.write_text(SECRET.read_text())

class Thief(greenlet.greenlet):
    def run(self):
        steal()

def by_library():
    greenlet.greenlet(shutil.copyfile).switch(SECRET, LOOT)

def by_function():
    greenlet.greenlet(steal).switch()

def by_class():
    Thief().switch()

def by_attribute():
    made = greenlet.greenlet()
    made.run = steal
    made.switch()

def within_another():
    greenlet.greenlet(by_library).switch()

def by_another_type():
    greenlet._greenlet.UnswitchableGreenlet(steal).switch()

def as_a_loop():
    import gevent
    made = greenlet.greenlet.__new__(greenlet.greenlet, gevent.get_hub().run)
    made.run = shutil.copyfile
    made.switch(SECRET, LOOT)

def as_a_class_of_a_loop():
    import gevent.hub
    class Loop(greenlet.greenlet):
        run = gevent.hub.Hub.run
    made = Loop()
    made.run = shutil.copyfile
    made.switch(SECRET, LOOT)

def by_a_worker():
    import gevent
    gevent.get_hub().threadpool.apply(steal)

def thrown_together():
    def begin():
        greenlet.getcurrent().parent.switch()
        steal()
    made = greenlet.greenlet(begin)
    made.switch()
    made.switch()

def by_the_loop():
    import gevent
    gevent.spawn(steal).get()

def by_the_pool():
    import gevent.pool
    gevent.pool.Pool(2).apply(shutil.copyfile, (SECRET, LOOT))

def by_callback():
    import gevent
    gevent.get_hub().loop.run_callback(lambda: os.posix_spawn("/bin/cp", ["cp", str(SECRET), str(LOOT)], {}))
    gevent.sleep(0.05)
    try:
        os.wait()
    except ChildProcessError:
        pass

def later():
    global left
    left = greenlet.greenlet(shutil.copyfile)
    left.switch, left.args = left.switch, (SECRET, LOOT)

WAY = os.environ["WAY"]
try:
    globals()[WAY]()
except PermissionError:
    pass
"""
WAYS = (
    "by_library", "by_function", "by_class", "by_attribute", "by_another_type", "as_a_loop", "as_a_class_of_a_loop", "by_a_worker", "within_another",
    "thrown_together", "by_the_loop", "by_the_pool",
)  # fmt: skip
APP = """
import pathlib
import acme_thief
if acme_thief.WAY == "later":
    try:
        acme_thief.left.switch(*acme_thief.left.args)
    except PermissionError:
        pass
print(pathlib.Path("loot").exists())
"""
# A server in greenlets, which has a package handle what comes: it may start programs while it runs.
SERVER = """
import acme_first, acme_handler
import gevent, gevent.server, gevent.socket

server = gevent.server.StreamServer(("127.0.0.1", 0), acme_handler.handle)
server.start()

def ask():
    with gevent.socket.create_connection(("127.0.0.1", server.server_port), 20) as plug:
        return plug.recv(100)

print(*[answer.get() for answer in [gevent.spawn(ask) for _ in range(3)]])
"""
# Has the loop's greenlet made while it is imported.
FIRST = """
import gevent
gevent.sleep(0.01)
"""
HANDLER = """
import os

def handle(connection, address):
    status = os.waitpid(os.posix_spawn("/bin/true", ["true"], {}), 0)[1]
    connection.sendall(b"%d" % status)
"""


@pytest.fixture
def perform(tmp_path):
    """A function that runs a program in an environment of an Interpreter that has greenlets, and returns the Outcome."""

    def run(interpreter, files, program, **options):
        environment = envs.copy(kept.environment_or_skip(NEEDS, interpreter), tmp_path / "env")
        envs.install(environment, wheels.Wheel("acme-thief", "1.0", files), folder=tmp_path / "wheels")
        with worlds.furnished(tmp_path, environment) as world:
            (world.project / "app.py").write_text(program)
            return guarded.run(world, [environment.python, "app.py"], **options)

    return run


@pytest.mark.parametrize("way", [*WAYS, "by_callback", "later"])
def test_each_way_steals_without_the_guard(perform, way):
    """The control."""
    outcome = perform(interpreters.own(), {"acme_thief.py": THIEF}, APP, mode=guarded.UNGUARDED, variables={"WAY": way})

    assert outcome.stdout == "True\n", outcome.story()


@pytest.mark.parametrize("way", WAYS)
def test_what_is_imported_steals_nothing_in_a_greenlet(perform, any_interpreter, way):
    """It is refused as what it is: the package's, while it is imported."""
    outcome = perform(any_interpreter, {"acme_thief.py": THIEF}, APP, variables={"WAY": way}, options=("--core", "c"))

    assert outcome.stdout == "False\n", outcome.story()
    refused = outcome.decisions(verdict="deny")
    assert {(record["owner"]["name"], record["phase"]) for record in refused} == {("acme-thief", "import")}


@pytest.mark.xfail(strict=True, reason="docs/explanation/limits-of-blame.md#work-that-carries-its-origin")
def test_what_is_imported_leaves_nothing_with_the_loop(perform):
    """A callback of gevent's own loop is as much the package's as a greenlet is."""
    outcome = perform(interpreters.own(), {"acme_thief.py": THIEF}, APP, variables={"WAY": "by_callback"}, options=("--core", "c"))

    assert outcome.stdout == "False\n", outcome.story()


def test_what_it_leaves_for_later_is_its_own(perform, any_interpreter):
    """A greenlet that was made by an import is still the import's when the application switches to it."""
    outcome = perform(any_interpreter, {"acme_thief.py": THIEF}, APP, variables={"WAY": "later"}, options=("--core", "c"))

    assert outcome.stdout == "False\n", outcome.story()
    assert [record["owner"]["name"] for record in outcome.decisions(verdict="deny")] == ["acme-thief"]


def test_a_server_in_greenlets_serves(perform, any_interpreter):
    """Its loop was made by a package that waited while it was imported; what the loop runs isn't that package's."""
    files = {"acme_first.py": FIRST, "acme_handler.py": HANDLER}

    outcome = perform(any_interpreter, files, SERVER, options=("--core", "c"))

    assert outcome.stdout == "b'0' b'0' b'0'\n", outcome.story()
    assert outcome.decisions(verdict="deny") == [], outcome.story()
