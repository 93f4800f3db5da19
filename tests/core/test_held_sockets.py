"""Sockets that somebody else has opened: who may not connect or listen doesn't send, listen or accept by them either."""

import pytest
from support import envs, guarded, wheels, worlds

HELD = r"""
import os, socket, ssl, tempfile

lent = {}

def secure():
    plug = ssl._create_unverified_context().wrap_socket(lent["secure"], do_handshake_on_connect=False)
    try:
        plug.setblocking(False)
        plug._sslobj.write(b"x")
    except ssl.SSLError:
        return True  # it has written its greeting, and waits for an answer

def from_a_file():
    with tempfile.TemporaryFile() as file:
        file.write(b"file")
        file.flush()
        return os.sendfile(lent["plug"].fileno(), file.fileno(), 0, 4)

def by_another_object():
    with socket.socket(fileno=os.dup(lent["plug"].fileno())) as copy:
        return copy.send(b"copy")

def own():
    with socket.socket() as plug:
        plug.connect(("localhost", lent["port"]))
        plug.sendall(b"own")
        lent["wait"](b"own")
        return True

def own_pair():
    left, right = socket.socketpair()
    with left, right:
        left.sendall(b"pair")
        return right.recv(4)

WAYS = {
    "send": lambda: lent["plug"].send(b"send"),
    "sendall": lambda: lent["plug"].sendall(b"sendall") or True,
    "sendmsg": lambda: lent["plug"].sendmsg([b"sendmsg"]),
    "method": lambda: socket.socket.send(lent["plug"], b"method"),
    "base": lambda: socket.SocketType.send(lent["plug"], b"base"),
    "write": lambda: os.write(lent["plug"].fileno(), b"write"),
    "writev": lambda: os.writev(lent["plug"].fileno(), [b"writev"]),
    "from a file": from_a_file,
    "another object": by_another_object,
    "secure": secure,
    "listen": lambda: lent["bound"].listen() or True,
    "accept": lambda: lent["listening"].accept()[0].close() or True,
}
FREE = {"own": own, "own pair": own_pair, "pipe": lambda: os.write(os.open(os.devnull, os.O_WRONLY), b"x")}

def run():
    for name, way in {**WAYS, **FREE}.items():
        try:
            print(name, "done" if way() else "nothing", sep=": ")
        except PermissionError:
            print(name, "refused", sep=": ")
"""
APP = r"""
import socket, threading
import acme_held

received, arrived = [], threading.Condition()

def read(connection):
    while data := connection.recv(4096):
        with arrived:
            received.append(data)
            arrived.notify_all()

def serve():
    while True:
        threading.Thread(target=read, args=(server.accept()[0],), daemon=True).start()

def wait(text):
    with arrived:
        assert arrived.wait_for(lambda: text in b"".join(received), 20), (text, received)

server = socket.create_server(("127.0.0.1", 0))
threading.Thread(target=serve, daemon=True).start()
bound = socket.socket()
bound.bind(("127.0.0.1", 0))
listening = socket.create_server(("127.0.0.1", 0))
listening.settimeout(20)
caller = socket.create_connection(listening.getsockname())
lent = acme_held.lent
lent.update(plug=socket.create_connection(server.getsockname()), bound=bound, listening=listening, wait=wait)
lent.update(secure=socket.create_connection(server.getsockname()), port=server.getsockname()[1])
lent["plug"].sendall(b"app")
acme_held.run()
lent["plug"].sendall(b"end")
wait(b"end")
print("app is fine", sorted({text for text in (b"send", b"writev", b"copy") if text in b"".join(received)}))
"""
POLICY = """
version = 1
[package.acme-held]
run.deny = ["net.*"]
run.allow = ["net.connect:localhost", "net.connect:localhost:*", "net.resolve"]
"""
REFUSED = 12


@pytest.fixture
def perform(tmp_path):
    """A function that runs the application in an environment of an Interpreter, and returns the Outcome."""

    def run(interpreter, **options):
        environment = envs.create(tmp_path / "env", interpreter)
        envs.install(environment, wheels.Wheel("acme-held", "1.0", {"acme_held.py": HELD}), folder=tmp_path / "wheels")
        with worlds.furnished(tmp_path, environment) as world:
            (world.project / "app.py").write_text(APP)
            return guarded.run(world, [environment.python, "app.py"], **options)

    return run


def test_each_way_works_without_the_guard(perform, interpreter):
    """The control."""
    outcome = perform(interpreter, mode=guarded.UNGUARDED)

    *found, last = outcome.stdout.splitlines()
    assert [line for line in found if not line.endswith("done")] == [], outcome.story()
    assert last == "app is fine [b'copy', b'send', b'writev']"


def test_who_may_not_connect_sends_nothing_by_sockets_of_others(perform, any_interpreter):
    """Each way is refused, and on record; what the package has opened itself, and the application's own, goes on."""
    outcome = perform(any_interpreter, policy=POLICY, options=("--core", "c"))

    *found, last = outcome.stdout.splitlines()
    answers = dict(line.split(": ") for line in found)
    assert [name for name, answer in answers.items() if answer == "refused"] == list(answers)[:REFUSED], outcome.story()
    assert list(answers.values())[REFUSED:] == ["done"] * 3, outcome.story()
    assert last == "app is fine []", outcome.story()
    refused = outcome.decisions(verdict="deny")
    assert {record["owner"]["name"] for record in refused} == {"acme-held"}
    assert {record["capability"] for record in refused} == {"net.connect", "net.listen"}
    assert all(record["target"].startswith("127.0.0.1:") for record in refused)


OPENER = r"""
import socket

def connect(address):
    global plug
    plug = socket.socket()
    plug.connect(address)
"""
SENDER = r"""
from acme_opener import plug
plug.sendall(b"own")
"""
# The application connects from a frame that lies where the package's will lie; what it is told says nothing of the package.
TURNS = r"""
import socket
import acme_opener

server = socket.create_server(("127.0.0.1", 0))

def connect(address):
    global plug
    plug = socket.socket()
    plug.connect(address)

connect(server.getsockname())
acme_opener.connect(server.getsockname())
try:
    import acme_opener.sender
    print("sent")
except PermissionError:
    print("refused")
"""


def test_what_a_package_has_opened_stays_its_own_after_the_application_has_opened_something(tmp_path, any_interpreter):
    """It could connect when it ran, and isn't asked again when a module of it sends by that while it is imported."""
    environment = envs.create(tmp_path / "env", any_interpreter)
    files = {"acme_opener/__init__.py": OPENER, "acme_opener/sender.py": SENDER}
    envs.install(environment, wheels.Wheel("acme-opener", "1.0", files), folder=tmp_path / "wheels")
    with worlds.furnished(tmp_path, environment) as world:
        (world.project / "app.py").write_text(TURNS)
        outcome = guarded.run(world, [environment.python, "app.py"], options=("--core", "c"))

    assert outcome.stdout == "sent\n", outcome.story()
