"""Whose doing is learnt: what a distribution does wherever its work runs, and nothing of what the application does."""

import pytest
from lock_stage import Stage
from support import wheels, worlds

from importguard.lock import read

# Each connects in another way, and the last has the application do it.
CALLED = """
import socket

def connect(address):
    socket.create_connection(address, 5).close()
"""
IN_A_THREAD = """
import socket, threading

def connect(address):
    thread = threading.Thread(target=socket.create_connection, args=(address, 5))
    thread.start()
    thread.join()
"""
IN_THE_END = """
import atexit, socket

def connect(address):
    atexit.register(socket.create_connection, address, 5)
"""
BY_THE_APPLICATION = "def call(function, *args):\n    function(*args)\n"
WHEELS = [
    wheels.Wheel(name, "1.0", {name.replace("-", "_") + ".py": text})
    for name, text in (
        ("acme-called", CALLED),
        ("acme-thread", IN_A_THREAD),
        ("acme-end", IN_THE_END),
        ("acme-caller", BY_THE_APPLICATION),
    )
]
PROGRAM = """
import os, socket, threading
import acme_called, acme_caller, acme_end, acme_thread

host, port = os.environ["SINK"].removeprefix("http://").split(":")
address = host, int(port)

def connect(address):
    open(__file__ if "__file__" in globals() else os.devnull, "rb").close()
    os.listdir(".")
    socket.create_connection(address, 5).close()

connect(address)
acme_caller.call(connect, address)
for target in (connect, acme_called.connect):
    thread = threading.Thread(target=target, args=(address,))
    thread.start()
    thread.join()
acme_thread.connect(address)
acme_end.connect(address)
print("done")
"""


@pytest.fixture
def stage(made, tmp_path):
    with worlds.furnished(tmp_path / "world", made) as world:
        yield Stage(world)


def test_distributions_are_learnt_wherever_their_work_runs(stage):
    """Those that connect are granted it, called, in a thread or in the end; who only calls the application is not; each core learns that."""
    written = []
    for core in ("c", "py"):
        stage.lock.unlink(missing_ok=True)
        learnt = stage.learn(PROGRAM, "--core", core)
        assert (learnt.returncode, learnt.stdout) == (0, "done\n"), learnt.stderr
        written.append(stage.lock.read_text())

    granted = {entry.name for entry in read.read(stage.lock).entries if entry.grants}
    again = stage.run(PROGRAM)

    assert granted == {"acme-called", "acme-thread", "acme-end"}
    assert written[0] == written[1]
    assert again.stdout == "done\n" and again.decisions() == [], again.story()
