"""The program whose command the user typed sends without being asked where to, unless a rule is about that."""

import pytest
from support import envs, guarded, wheels, worlds

LENDER = """
import socket

def send(plug):
    plug.sendall(b"lender")

def connect(port):
    plug = socket.socket()
    plug.connect(("localhost", port))
    return plug
"""
SERVER = """
import socket
import acme_lender

def attempt(name, act):
    try:
        act()
        print(name, "done", sep=": ")
    except PermissionError:
        print(name, "refused", sep=": ")

def serve(ways):
    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    if "own" in ways:
        own = socket.create_connection(("127.0.0.1", port))
        accepted = listener.accept()[0]
        attempt("own", lambda: own.sendall(b"own"))
        attempt("answer", lambda: accepted.sendall(b"answer"))
        attempt("lender", lambda: acme_lender.send(own))
    theirs = acme_lender.connect(port)
    attempt("theirs", lambda: theirs.sendall(b"theirs"))
    theirs.close()
    received = listener.accept()[0].recv(9)
    print("received:", received)
"""
FILES = {
    "acme_lender": {"acme_lender.py": LENDER},
    "acme_server": {
        "acme_server/__init__.py": "",
        "acme_server/serving.py": SERVER,
        "acme_server/__main__.py": "import sys\nfrom acme_server import serving\nserving.serve(sys.argv[1:])\n",
    },
}
LENDER_WITHHELD = """
version = 1
[package.acme-lender]
run.deny = ["net.*"]
run.allow = ["net.connect:localhost", "net.connect:localhost:*", "net.resolve"]
"""
SERVER_WITHHELD = """
version = 1
[package.acme-lender]
run.allow = ["net.*"]
[package.acme-server]
run.deny = ["net.connect"]
"""


@pytest.fixture
def serve(tmp_path):
    """A function that runs the program of a distribution on an Interpreter, and returns the Outcome."""

    def run(interpreter, *ways, policy):
        environment = envs.create(tmp_path / "env", interpreter)
        brought = [wheels.Wheel(name.replace("_", "-"), "1.0", files) for name, files in FILES.items()]
        envs.install(environment, *brought, folder=tmp_path / "wheels")
        with worlds.furnished(tmp_path, environment) as world:
            return guarded.run(world, [environment.python, "-m", "acme_server", *ways], policy=policy, options=("--core", "c"))

    return run


def test_a_program_sends_by_its_sockets_and_a_package_does_not_send_by_them(serve, any_interpreter):
    outcome = serve(any_interpreter, "own", policy=LENDER_WITHHELD)

    assert outcome.stdout.splitlines() == [
        "own: done", "answer: done", "lender: refused", "theirs: done", "received: b'theirs'"
    ], outcome.story()  # fmt: skip
    assert {record["owner"]["name"] for record in outcome.decisions(verdict="deny")} == {"acme-lender"}


def test_a_program_that_a_rule_withholds_sending_from_is_asked(serve, any_interpreter):
    outcome = serve(any_interpreter, policy=SERVER_WITHHELD)

    assert "theirs: refused" in outcome.stdout.splitlines(), outcome.story()
    assert "b'theirs'" not in outcome.stdout
    assert {record["owner"]["name"] for record in outcome.decisions(verdict="deny")} == {"acme-server"}
