"""What native code gets done at import when system calls are supervised, and that everybody else goes on as bare."""

import errno
import json
from pathlib import Path

import pytest
from support import envs, guarded, wheels, worlds

from importguard.errors import KILLED

HERE = Path(__file__).parent
REQUIRED = ("--supervise", "require")
REFUSED = ("tcp", "mptcp", "fastopen", "udp", "abstract", "spawn", "exec", "memory")
PROGRAM = "import {0}, json; print(json.dumps({0}.results))"
# A body that is being executed until the application has done what it wanted.
SLOW = """
import os, time
end = time.monotonic() + 30
open(os.environ["BEGUN"], "w").close()
while not os.path.exists(os.environ["DONE"]) and time.monotonic() < end:
    time.sleep(0.001)
"""
CALLER = """
import builtins
answer = builtins.hook()
"""


@pytest.fixture(scope="module")
def environments(tmp_path_factory):
    """Return a function that gives an environment of an Interpreter with the extensions; built once."""
    if wheels.compiler() is None:
        pytest.skip("needs a C compiler")
    kept = {}

    def environment(interpreter):
        if interpreter.tag not in kept:
            folder = tmp_path_factory.mktemp(interpreter.tag)
            made = envs.create(folder / "env", interpreter)
            native = {name: (HERE / file).read_text() for name, file in NATIVE.items()}
            # An extension in a package, as most are: its body is a module in Python.
            package = {"acme_native_package/__init__.py": "import acme_native\nresults = acme_native.results\n"}
            envs.install(
                made,
                wheels.Wheel("acme-native", "1.0", package, native=native),
                wheels.Wheel("acme-slow", "1.0", {"acme_slow.py": SLOW}),
                wheels.Wheel("acme-caller", "1.0", {"acme_caller.py": CALLER}),
                folder=folder / "wheels",
            )
            kept[interpreter.tag] = made
        return kept[interpreter.tag]

    return environment


NATIVE = {"acme_native": "native.c", "acme_threads": "native_threads.c"}


@pytest.fixture
def world(tmp_path, interpreter, environments):
    with worlds.furnished(tmp_path / "world", environments(interpreter)) as furnished:
        yield furnished


def run(world, program, *, options=REQUIRED, **more):
    """Run a program of the application's under the supervisor."""
    (world.project / "app.py").write_text(program)
    variables = {"OUTSIDE": "1", "ABSTRACT": "acme-nobody", "BEGUN": str(world.temporary / "begun"), "DONE": str(world.temporary / "done")}
    return guarded.run(world, [world.environment.python, "app.py"], options=options, variables=variables, **more)


def got_through(world):
    """Return what reached a sink, or was left behind by a program."""
    return [fact for fact in world.evidence() if fact.startswith(("GET:", "UDP:")) or fact.endswith(("spawn.mark", "exec.mark", "memory.mark"))]


@pytest.mark.parametrize("module", ["acme_native", "acme_native_package"])
def test_at_import_native_code_gets_neither_connection_nor_process(tmp_path, any_interpreter, environments, module):
    """Under the default policy: nothing arrives, and each record names the distribution, the phase and what was wanted."""
    with worlds.furnished(tmp_path / "world", environments(any_interpreter)) as world:
        outcome = run(world, PROGRAM.format(module), options=("--kernel", "require"))

        refused = {name for name, problem in json.loads(outcome.stdout).items() if problem == errno.EACCES}
        assert set(REFUSED) <= refused, outcome.story()
        assert got_through(world) == []
    denied = outcome.decisions(verdict="deny")
    assert {record["owner"]["name"] for record in denied} == {"acme-native"}
    assert {(record["phase"], record["layer"], record["module"]) for record in denied} == {("import", "seccomp", "acme_native")}
    wanted = {(record["capability"], record["target"].rpartition("/")[2]) for record in denied}
    assert {("net.connect", world.http.url.rpartition("/")[2]), ("proc.spawn", "touch")} <= wanted
    # The one who imports is in the stack, and what may be done about it is said.
    assert any(frame["file"].endswith("app.py") and frame["owner"] == "application" for frame in denied[0]["stack"])
    assert denied[0]["allow"].startswith("[package.acme-native] import.allow = ")
    assert "supervisor" in outcome.records[0]["layers"] and outcome.records[0]["missing"] == []


def test_what_the_importer_leaves_to_others_is_refused_as_well(world):
    """A thread that no interpreter knows, a child, an orphan, the last of a long line, one whose program could not be started, messages,
    and an address that changes while it is looked at."""
    outcome = run(world, PROGRAM.format("acme_threads"))

    assert set(json.loads(outcome.stdout).values()) == {errno.EACCES}, outcome.story()
    assert got_through(world) == []
    assert {record["owner"]["name"] for record in outcome.decisions(verdict="deny")} == {"acme-native"}


def test_unsupervised_all_of_that_gets_through(world):
    """The attempts are real."""
    outcome = run(world, PROGRAM.format("acme_threads"), options=())

    assert set(json.loads(outcome.stdout).values()) == {0}
    assert {"GET:/thread", "GET:/child", "GET:/orphan", "GET:/line", "GET:/unstarted"} <= set(world.evidence())


def test_a_violation_ends_the_whole_tree_where_that_is_wanted(world):
    """`--on-violation kill`: the first call is the last."""
    outcome = run(world, PROGRAM.format("acme_native"), options=(*REQUIRED, "--on-violation", "kill"))

    assert (outcome.returncode, outcome.stdout) == (KILLED, ""), outcome.story()
    assert got_through(world) == []
    killed = next(record for record in outcome.records if record["event"] == "killed")
    started = [process["argv"] for process in killed["processes"] if process["argv"]]  # who has asked may have ended by then
    assert killed["survivors"] == [] and all("app.py" in argv for argv in started)


def test_a_package_that_is_granted_it_does_it(world):
    """`import.allow` says what its native code may do as well."""
    policy = 'version = 1\n[package.acme-native]\nimport.allow = ["net.connect", "proc.spawn"]\n'

    outcome = run(world, PROGRAM.format("acme_native"), policy=policy)

    assert set(json.loads(outcome.stdout).values()) <= {0, errno.EPERM, errno.ECONNREFUSED}, outcome.story()
    assert {"GET:/tcp", "UDP:"} <= set(world.evidence()) and outcome.decisions() == []


MEANWHILE = """
import ctypes, os, socket, subprocess, sys, threading, time
import concurrent.futures

def native(kind):
    # A connection that the interpreter isn't told of.
    host, port = os.environ["SINK"].removeprefix("http://").split(":")
    libc = ctypes.CDLL(None, use_errno=True)
    fd = libc.socket(2, 1, 0)
    address = (2).to_bytes(2, sys.byteorder) + int(port).to_bytes(2, "big") + socket.inet_aton(host) + bytes(8)
    assert libc.connect(fd, address, len(address)) == 0, os.strerror(ctypes.get_errno())
    text = f"GET /{kind} HTTP/1.0\\r\\n\\r\\n".encode()
    os.write(fd, text)
    while os.read(fd, 64):
        pass
    os.close(fd)

def work():
    while not os.path.exists(os.environ["BEGUN"]):
        time.sleep(0.001)
    native("known")
    fresh = threading.Thread(target=native, args=("fresh",))
    fresh.start()
    fresh.join()
    with concurrent.futures.ThreadPoolExecutor(3) as pool:
        list(pool.map(native, ["pooled"] * 3))
    host, port = os.environ["SINK"].removeprefix("http://").split(":")
    with socket.create_connection((host, int(port))) as connection:
        connection.sendall(b"GET /python HTTP/1.0\\r\\n\\r\\n")
        connection.recv(64)
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()):
        server.accept()[0].close()
    socket.getaddrinfo("localhost", 80)
    said = subprocess.run(["/bin/sh", "-c", "/bin/echo of a shell"], capture_output=True, text=True).stdout
    child = os.fork()
    if child == 0:
        native("forked")
        os._exit(0)
    os.waitpid(child, 0)
    code = "import os, socket; host, port = os.environ['SINK'].removeprefix('http://').split(':')\\n"
    code += "socket.create_connection((host, int(port))).sendall(b'GET /started HTTP/1.0\\\\r\\\\n\\\\r\\\\n')"
    subprocess.run([sys.executable, "-c", code], check=True)
    print(said, end="", flush=True)

def guarded_work():
    try:
        work()
    finally:
        open(os.environ["DONE"], "w").close()

thread = threading.Thread(target=guarded_work)
thread.start()
import acme_slow
thread.join()
print("through")
"""


def test_while_somebody_is_imported_the_application_goes_on(world):
    """Connections (Python's and native ones), servers, look-ups, programs, forks and new threads of other threads: all of it is
    done, and nothing is blamed on who is being imported."""
    outcome = run(world, MEANWHILE)

    assert outcome.stdout == "of a shell\nthrough\n", outcome.story()
    expected = {"known", "fresh", "pooled", "python", "forked", "started"}
    assert {f"GET:/{name}" for name in expected} <= set(world.evidence())
    assert outcome.alarms() == []


CALLED_BACK = """
import builtins, os, socket, subprocess

def hook():
    host, port = os.environ["SINK"].removeprefix("http://").split(":")
    with socket.create_connection((host, int(port))) as connection:
        connection.sendall(b"GET /hook HTTP/1.0\\r\\n\\r\\n")
        connection.recv(64)
    return subprocess.run(["/bin/echo", "called"], capture_output=True, text=True).stdout

builtins.hook = hook
import acme_caller
print(acme_caller.answer, end="")
"""


def test_what_the_interpreter_lets_pass_is_not_asked_again(world):
    """A package that calls the application back while it is imported: the application answers for itself."""
    outcome = run(world, CALLED_BACK)

    assert outcome.stdout == "called\n", outcome.story()
    assert "GET:/hook" in world.evidence() and outcome.alarms() == []


def test_the_applications_own_extension_does_as_it_likes(world, interpreter):
    """One that lies in the project is the application's."""
    wheels.compile_c(
        (HERE / "native.c").read_text(), world.project / f"own_native{interpreter.suffix}",
        "-DPyInit_acme_native=PyInit_own_native", f"-I{interpreter.include}", "-shared", "-fPIC",
    )  # fmt: skip

    outcome = run(world, PROGRAM.format("own_native"))

    assert {"GET:/tcp", "UDP:"} <= set(world.evidence()), outcome.story()
    assert outcome.decisions() == []
