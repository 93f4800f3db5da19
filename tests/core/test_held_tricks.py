"""Sockets that somebody else has opened, by way of objects that say one thing and are another, and of calls that go another way."""

import pytest
from support import envs, guarded, wheels, worlds

TRICKS = r"""
import faulthandler, fcntl, importlib.util, io, os, socket, ssl, sys, tempfile, threading

lent = {}

class Stalls:
    def __index__(self):
        raise BlockingIOError

class Becomes:
    def __init__(self, plug):
        self.plug = plug
    def __index__(self):
        self.plug.__init__(fileno=lent["plug"].fileno())
        return 0

class Numbers:
    def fileno(self):
        return lent["plug"].fileno()
    def write(self, text):
        return len(text)

class Nested:
    def fileno(self):
        return Numbers()

class Both:
    def __init__(self, place):
        self.place = place
    def __index__(self):
        return lent["plug"].fileno()
    def __fspath__(self):
        return self.place

def own():
    plug = socket.socket()
    plug.connect(("localhost", lent["port"]))
    return plug

def label(family):
    return socket.socket(family, socket.SOCK_STREAM, 0, fileno=lent["plug"].fileno())

def error_for_a_connection():
    try:
        lent["plug"].connect(("localhost", Stalls()))
    except BlockingIOError:
        pass
    lent["plug"].sendall(b"error_for_a_connection")

def connected_again():
    named = label(socket.AF_NETLINK)
    try:
        named.connect((0, 0))
    except OSError:
        pass
    named.detach()
    lent["plug"].sendall(b"connected_again")

def to_an_address():
    lent["plug"].sendto(b"to_an_address", ("localhost", 9))

def to_an_address_of_none():
    named = label(socket.AF_NETLINK)
    try:
        named.sendto(b"to_an_address_of_none", (0, 0))
    finally:
        named.detach()

def message_to_an_address():
    named = label(socket.AF_NETLINK)
    try:
        named.sendmsg([b"message_to_an_address"], [], 0, (0, 0))
    finally:
        named.detach()

def message_for_a_cipher():
    named = label(socket.AF_ALG)
    try:
        named.sendmsg_afalg([b"message_for_a_cipher"], op=1)
    finally:
        named.detach()

def becomes_another():
    plug = own()
    try:
        plug.send(b"becomes_another", Becomes(plug))
    finally:
        plug.detach()

def becomes_another_message():
    plug = own()
    def parts():
        Becomes(plug).__index__()
        yield b"becomes_another_message"
    try:
        plug.sendmsg(parts())
    finally:
        plug.detach()

def counted():
    os.eventfd_write(lent["plug"], int.from_bytes(b"counted!", sys.byteorder))

def doubled():
    number = fcntl.fcntl(Nested(), fcntl.F_DUPFD, 50)
    os.write(number, b"doubled")

def dumped():
    exec(compile("def dumped_where_errors_go(): faulthandler.dump_traceback()", "dumped", "exec"), globals())
    before, sys.stderr = sys.stderr, Numbers()
    try:
        dumped_where_errors_go()
    finally:
        sys.stderr = before

def opened_as_a_file():
    with tempfile.NamedTemporaryFile() as file:
        with io.FileIO(Both(file.name), "w", closefd=False) as raw:
            raw.write(b"opened_as_a_file")

def waited_for():
    lent["slow"].setblocking(True)
    lent["slow"].send(b"waited_for")

def let_go():
    inner = lent["secure"]._sslobj
    lent["secure"].settimeout(None)
    lent["secure"].detach()
    # It sends its greeting, with the name of the host in it, and waits for an answer.
    threading.Thread(target=lent["wait_and_end"], args=(b"let-go",), daemon=True).start()
    inner.write(b"x")

def wrapped_by_a_copy():
    spec = importlib.util.find_spec("_socket")
    copy = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(copy)
    sys.modules["_socket"] = copy
    threading.Thread(target=lent["wait_and_end"], args=(b"wrapped-by-a-copy",), daemon=True).start()
    ssl._create_unverified_context()._wrap_socket(lent["plug"], False, "wrapped-by-a-copy").do_handshake()

class Waits:
    def __index__(self):
        lent["go"].set()
        lent["gone"].wait(20)
        raise BlockingIOError

def connected_meanwhile():
    try:
        lent["unconnected"].connect(("localhost", Waits()))
    except BlockingIOError:
        pass
    lent["unconnected"].sendall(b"connected_meanwhile")

def another_in_its_place():
    module = sys.modules["_socket"]
    module.SocketType = list
    import _imp
    _imp.exec_dynamic(module) if getattr(module, "__file__", "") else _imp.exec_builtin(module)
    assert list((1, 2)) == [1, 2] and [].__init__((3,)) is None
    lent["plug"].sendall(b"another_in_its_place")

def run(name):
    globals()[name]()
"""
APP = r"""
import os, socket, ssl, sys, threading, time
import acme_held

received, arrived = [], threading.Condition()

def read(connection):
    while data := connection.recv(4096):
        with arrived:
            received.append(data)
            arrived.notify_all()

def serve(server):
    while True:
        threading.Thread(target=read, args=(server.accept()[0],), daemon=True).start()

def has_arrived(text, seconds):
    with arrived:
        return arrived.wait_for(lambda: text in b"".join(received), seconds)

def wait_and_end(text):
    if has_arrived(text, 20):
        print("arrived", flush=True)
        os._exit(0)

def connecting():
    # A listener with a full queue answers nobody, until it is emptied.
    busy = socket.create_server(("127.0.0.1", 0), backlog=0)
    waiting = []
    for _ in range(3):
        plug = socket.socket()
        plug.setblocking(False)
        plug.connect_ex(busy.getsockname())
        waiting.append(plug)
    slow = waiting[-1]
    threading.Timer(0.5, lambda: threading.Thread(target=serve, args=(busy,), daemon=True).start()).start()
    return slow, waiting

server = socket.create_server(("127.0.0.1", 0))
threading.Thread(target=serve, args=(server,), daemon=True).start()
name, lent = sys.argv[1], acme_held.lent
lent.update(plug=socket.create_connection(server.getsockname(), timeout=5), port=server.getsockname()[1], wait_and_end=wait_and_end)
if name == "waited_for":
    lent["slow"], others = connecting()
if name == "let_go":
    plain = socket.create_connection(server.getsockname())
    context = ssl._create_unverified_context()
    lent["secure"] = context.wrap_socket(plain, server_hostname="let-go", do_handshake_on_connect=False)
if name == "connected_meanwhile":
    lent.update(unconnected=socket.socket(), go=threading.Event(), gone=threading.Event())
    def connect():
        lent["go"].wait(20)
        lent["unconnected"].connect(server.getsockname())
        lent["gone"].set()
    threading.Thread(target=connect, daemon=True).start()
try:
    acme_held.run(name)
except (OSError, TypeError) as error:
    print("refused" if isinstance(error, PermissionError) else error)
texts = {"counted": b"counted!", "dumped": b"dumped_where_errors_go", "let_go": b"let-go", "wrapped_by_a_copy": b"wrapped-by-a-copy"}
print("arrived" if has_arrived(texts.get(name, name.encode()), 0.5 if "REFUSED" in os.environ else 20) else "nothing")
sys.stdout.flush()
os._exit(0)
"""
POLICY = """
version = 1
[package.acme-held]
run.deny = ["net.*"]
run.allow = ["net.connect:localhost", "net.connect:localhost:*", "net.resolve"]
"""
NAMES = [
    "error_for_a_connection", "connected_again", "to_an_address", "to_an_address_of_none", "message_to_an_address", "message_for_a_cipher",
    "becomes_another", "becomes_another_message", "counted", "dumped", "opened_as_a_file", "waited_for", "let_go",
    "wrapped_by_a_copy", "connected_meanwhile", "another_in_its_place",
]  # fmt: skip


@pytest.fixture
def perform(tmp_path):
    """A function that runs the application with one trick in an environment of an Interpreter, and returns the Outcome."""

    def run(interpreter, name, **options):
        environment = envs.create(tmp_path / "env", interpreter)
        envs.install(environment, wheels.Wheel("acme-held", "1.0", {"acme_held.py": TRICKS}), folder=tmp_path / "wheels")
        with worlds.furnished(tmp_path, environment) as world:
            (world.project / "app.py").write_text(APP)
            return guarded.run(world, [environment.python, "app.py", name], **options)

    return run


@pytest.mark.parametrize("name", NAMES)
def test_each_trick_sends_without_the_guard(perform, interpreter, name):
    """The control."""
    outcome = perform(interpreter, name, mode=guarded.UNGUARDED)

    assert outcome.stdout.splitlines()[-1] == "arrived", outcome.story()


@pytest.mark.parametrize("name", NAMES)
def test_nothing_arrives_by_a_socket_of_the_application(perform, any_interpreter, name):
    """Whoever may connect to one host alone sends nothing to another by what the application has connected."""
    outcome = perform(any_interpreter, name, policy=POLICY, options=("--core", "c"), variables={"REFUSED": "1"})

    assert outcome.stdout.splitlines() == ["refused", "nothing"], outcome.story()


def test_number_that_is_no_number_is_asked_once(perform, any_interpreter):
    """What a fileno() gives back that is no number isn't asked for one in its turn."""
    outcome = perform(any_interpreter, "doubled", policy=POLICY, options=("--core", "c"), variables={"REFUSED": "1"})

    assert outcome.stdout.splitlines() == ["fileno() returned a non-integer", "nothing"], outcome.story()


DUMPS = """
import faulthandler

def dump():
    with open("dump", "w") as file:
        file.write("before\\n")
        faulthandler.dump_traceback(file=file)
        file.write("after\\n")
    return open("dump").read().splitlines()
"""


@pytest.mark.parametrize("mode", [guarded.UNGUARDED, guarded.OBSERVE])
def test_what_a_file_has_kept_comes_before_a_dump(tmp_path, any_interpreter, mode):
    """The number of a file is all that a faulthandler gets, and the order stays what it is."""
    environment = envs.create(tmp_path / "env", any_interpreter)
    envs.install(environment, wheels.Wheel("acme-held", "1.0", {"acme_held.py": DUMPS}), folder=tmp_path / "wheels")
    with worlds.furnished(tmp_path, environment) as world:
        (world.project / "app.py").write_text("import acme_held\nlines = acme_held.dump()\nprint(lines[0], lines[-1])\n")
        outcome = guarded.run(world, [environment.python, "app.py"], mode=mode, policy=POLICY if mode != guarded.UNGUARDED else None)

    assert outcome.stdout == "before after\n", outcome.story()
