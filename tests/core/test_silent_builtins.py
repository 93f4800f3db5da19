"""Builtins that raise no audit event: with the core in C each asks before it does anything, on every version."""

import pytest
from support import envs, guarded, wheels, worlds

# Each function returns what shows that it happened, as far as the process itself can see it.
QUIET = r"""
import os, posix, shutil, socket, sqlite3, ssl, sys, tempfile

HOME, TMP = os.path.expanduser("~"), os.environ["TMPDIR"]
KEY, QUIET = HOME + "/.ssh/id_ed25519", TMP + "/quiet"


class Path:
    def __init__(self, *answers):
        self.answers = list(answers)

    def __fspath__(self):
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


def mkfifo():
    os.mkfifo(QUIET + "-fifo")
    return os.path.exists(QUIET + "-fifo")


def mkfifo_by_a_path_that_changes_its_mind():
    os.mkfifo(Path(QUIET + "-fifo2", TMP + "/other"))
    return os.path.exists(QUIET + "-fifo2") or os.path.exists(TMP + "/other")


def mkfifo_beside_a_descriptor():
    folder = os.open(TMP, os.O_RDONLY)
    os.mkfifo("quiet-fifo3", dir_fd=folder)
    return os.path.exists(QUIET + "-fifo3")


def mknod():
    os.mknod(QUIET + "-node")
    return os.path.exists(QUIET + "-node")


def memfd_create():
    return os.memfd_create("quiet") >= 0


def open_beside_a_descriptor():
    folder = os.open(HOME + "/.kube", os.O_RDONLY)
    return os.read(os.open("config", os.O_RDONLY, dir_fd=folder), 100)


def create_beside_a_descriptor():
    folder = os.open(TMP, os.O_RDONLY)
    os.open("quiet-made", os.O_WRONLY | os.O_CREAT, dir_fd=folder)
    return os.path.exists(QUIET + "-made")


def sendfile_of_somebody_elses():
    source, sink = lent["secret"], os.open(TMP + "/sendfile", os.O_RDWR | os.O_CREAT)
    return os.sendfile(sink, source, 0, 100)


def copy_file_range_of_somebody_elses():
    source, sink = lent["secret"], os.open(TMP + "/copied", os.O_RDWR | os.O_CREAT)
    return os.copy_file_range(source, sink, 100, offset_src=0)


def splice_of_somebody_elses():
    reading, writing = os.pipe()
    return os.splice(lent["secret"], writing, 100, offset_src=0)


def readline_reads():
    import readline
    readline.read_history_file(KEY)
    return readline.get_current_history_length()


def readline_writes():
    import readline
    readline.add_history("x")
    readline.write_history_file(QUIET + "-history")
    return os.path.exists(QUIET + "-history")


def certificate_and_key():
    try:
        ssl.create_default_context().load_cert_chain(certfile=KEY)
    except ssl.SSLError:
        return True  # it has read the key, which is none for TLS


def certificates():
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cafile=KEY)
    except ssl.SSLError:
        return True


def log_of_keys():
    ssl.create_default_context().keylog_filename = QUIET + "-keys"
    return os.path.exists(QUIET + "-keys")


def attach():
    connection = sqlite3.connect(":memory:")
    connection.execute("ATTACH ? || 'attached' AS x", (QUIET + "-",))
    connection.execute("CREATE TABLE x.t (a)")
    return os.path.exists(QUIET + "-attached")


def attach_without_an_authorizer():
    connection = sqlite3.connect(":memory:")
    connection.set_authorizer(None)
    connection.executescript(f"ATTACH '{QUIET}-script' AS x; CREATE TABLE x.t (a)")
    return os.path.exists(QUIET + "-script")


def vacuum_into():
    connection = sqlite3.connect(":memory:")
    connection.execute("CREATE TABLE t (a)")
    connection.execute("VACUUM INTO ?", (QUIET + "-vacuum",))
    return os.path.exists(QUIET + "-vacuum")


def shared_memory():
    import _posixshmem
    name = "/quiet-%d" % os.getpid()
    os.close(_posixshmem.shm_open(name, flags=os.O_RDWR | os.O_CREAT, mode=0o600))
    found = os.path.exists("/dev/shm" + name)
    os.unlink("/dev/shm" + name)
    return found


def listen_without_an_address():
    with socket.socket() as listener:
        listener.listen()
        return listener.getsockname()[1]


def signal_to_oneself():
    import signal
    signal.raise_signal(signal.SIGWINCH)
    return True


def signal_by_descriptor():
    import signal
    signal.pidfd_send_signal(os.pidfd_open(os.getpid()), signal.SIGWINCH)
    return True


def timer():
    import signal
    signal.setitimer(signal.ITIMER_VIRTUAL, 1000)
    return signal.setitimer(signal.ITIMER_VIRTUAL, 0)[0] > 0


def alarm():
    import signal
    return signal.alarm(1000) == 0 and signal.alarm(0) > 0


def script_for_the_applications_tcl():
    return tcl().eval("exec echo hello") == "hello"


def command_for_the_applications_tcl():
    return tcl().call("exec", "echo", "hello") == "hello"


def expression_for_the_applications_tcl():
    return tcl().exprstring("[exec echo 4]") == "4"


def tcl_from_a_file():
    path = os.environ["TMPDIR"] + "/script.tcl"
    with open(path, "w") as file:
        file.write("exec echo hello")
    return tcl().evalfile(path) == "hello"


def change_of_identity():
    os.setgid(os.getgid())
    return True


def start_by_the_real_fork_exec():
    import _posixsubprocess
    real = _posixsubprocess.fork_exec
    if getattr(real, "__closure__", None):
        real = dict(zip(real.__code__.co_freevars, real.__closure__))["real"].cell_contents
    arguments = [[b"touch", os.fsencode(QUIET + "-started")], (b"/usr/bin/touch", b"/bin/touch"), True, (), None, None]
    arguments += [-1, -1, -1, -1, -1, -1, *os.pipe(), False, False, -1, None, None, None, -1, None, False]
    os.waitpid(real(*arguments), 0)
    return os.path.exists(QUIET + "-started")


lent = {}



def tcl():
    if "tcl" not in lent:
        raise ImportError("no Tcl here")
    return lent["tcl"]


ALL = [value for value in list(globals().values()) if type(value) is type(attach) and value is not tcl]


def run():
    for attempt in ALL:
        try:
            print(attempt.__name__, bool(attempt()))
        except PermissionError:
            print(attempt.__name__, "refused")
        except ImportError as error:
            print(attempt.__name__, "missing")
"""
APP = """
import os
import acme_quiet
try:
    import _tkinter
    acme_quiet.lent["tcl"] = _tkinter.create(None, "quiet", "Tk", False, False, False)
    assert acme_quiet.lent["tcl"].eval("expr 1 + 1") == "2"
except ImportError:
    pass
acme_quiet.lent["secret"] = os.open(os.path.expanduser("~/.aws/credentials"), os.O_RDONLY)
acme_quiet.run()
"""
POLICY = """
version = 1
[package.acme-quiet]
run.deny = ["fs.*:**/quiet*", "fs.write:/memfd:*", "fs.read:$secrets", "net.listen", "proc.*", "runtime.patch", "native.call:_tkinter.*"]
"""


@pytest.fixture(scope="session")
def quiet_environments(tmp_path_factory):
    """Return a function that gives an environment of an Interpreter with acme-quiet in it; built once."""
    kept = {}

    def environment(interpreter):
        if interpreter.tag not in kept:
            folder = tmp_path_factory.mktemp(interpreter.tag)
            made = envs.create(folder / "env", interpreter)
            envs.install(made, wheels.Wheel("acme-quiet", "1.0", {"acme_quiet.py": QUIET}), folder=folder / "wheels")
            kept[interpreter.tag] = made
        return kept[interpreter.tag]

    return environment


@pytest.fixture
def perform(tmp_path, any_interpreter, quiet_environments):
    """A function that runs an application (with acme-quiet at hand) and returns the Outcome."""

    def run(mode, app=APP, policy=POLICY):
        environment = quiet_environments(any_interpreter)
        with worlds.furnished(tmp_path, environment) as world:
            (world.project / "app.py").write_text(app)
            options = () if mode == guarded.UNGUARDED else ("--core", "c")
            return guarded.run(world, [environment.python, "app.py"], mode=mode, policy=policy, options=options)

    return run


def answers(outcome):
    """Return what each attempt printed, by its name."""
    found = dict(line.split() for line in outcome.stdout.splitlines() if " " in line)
    return {name: answer for name, answer in found.items() if answer != "missing"}


def test_each_happens_without_the_guard(perform):
    """The control: nothing here fails by itself."""
    found = answers(perform(guarded.UNGUARDED))

    assert {name for name, answer in found.items() if answer != "True"} == set(), found
    assert len(found) > 20


def test_each_is_refused_to_who_may_not(perform):
    """Refused as anything else is, and by whom and to whom is recorded."""
    outcome = perform(guarded.RECOMMENDED)
    found = answers(outcome)

    assert {name for name, answer in found.items() if answer != "refused"} == set(), outcome.story()
    assert {record["owner"]["name"] for record in outcome.decisions(verdict="deny")} == {"acme-quiet"}
    assert {record["capability"] for record in outcome.decisions(verdict="deny")} >= {
        "fs.read", "fs.write", "net.listen", "proc.signal", "proc.spawn", "runtime.patch",
    }  # fmt: skip


def test_each_happens_while_the_guard_observes(perform):
    """Observing changes nothing, and says what would have been refused."""
    outcome = perform(guarded.OBSERVE)
    found = answers(outcome)

    assert {name for name, answer in found.items() if answer != "True"} == set(), outcome.story()
    assert outcome.decisions(capability="fs.write", target="*/quiet-vacuum", verdict="log"), outcome.story()


LOOKS = r"""
import inspect, os, pickle, posix, signal, socket, sqlite3, ssl, sys, _posixsubprocess, _posixshmem

calls = [
    lambda: os.mkfifo(), lambda: os.mkfifo(1), lambda: os.mkfifo("a\0b"), lambda: os.mkfifo("x", "y"), lambda: os.mkfifo(path=None),
    lambda: os.mkfifo("x", wrong=1), lambda: os.open(), lambda: os.open("nowhere", 0, dir_fd="x"), lambda: os.open("nowhere", 0, dir_fd=99),
    lambda: os.open("nowhere", "x", dir_fd=0), lambda: os.open(None, 0, dir_fd=0), lambda: os.open("nowhere", 0, dir_fd=1 << 70),
    lambda: os.memfd_create(), lambda: os.memfd_create("a\0"), lambda: os.memfd_create(3), lambda: os.sendfile(), lambda: os.sendfile("a", 1, 2, 3),
    lambda: os.sendfile(1 << 70, 0, 0, 0), lambda: os.splice(-1, -1, 1), lambda: os.copy_file_range("x", 1, 2), lambda: os.mknod(b"/"), lambda: os.mknod(object()),
    lambda: os.setuid("x"), lambda: os.setuid(), lambda: signal.raise_signal("x"), lambda: signal.pidfd_send_signal(1 << 70, 1),
    lambda: signal.pidfd_send_signal(), lambda: socket.socket().listen("x"), lambda: _posixshmem.shm_open(), lambda: _posixshmem.shm_open(path=1, flags=0),
    lambda: _posixshmem.shm_open("/no-such", flags=0), lambda: _posixshmem.shm_unlink("/no-such"), lambda: _posixsubprocess.fork_exec(),
    lambda: ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_cert_chain("nowhere"), lambda: ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_cert_chain(3),
    lambda: ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(), lambda: sqlite3.connect(":memory:").execute("attach '/nowhere/x' as y"),
    *[lambda value=value: setattr(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), "keylog_filename", value) for value in (None, 3, "/nowhere/x", "a\0")],
    lambda: sqlite3.connect(":memory:").execute(), lambda: sqlite3.connect(":memory:").execute("attach 'x' as"), lambda: sqlite3.connect(":memory:").cursor().execute(3),
    lambda: os.mkfifo(type("P", (), {"__fspath__": lambda self: 1 / 0})()), lambda: os.mkfifo(type("P", (), {"__fspath__": lambda self: 1})()),
]
for at, call in enumerate(calls):
    try:
        print(at, "gave", call())
    except BaseException as error:
        print(at, type(error).__name__, error, getattr(error, "filename", ""), type(error.__context__).__name__)
for function in (os.open, os.mkfifo, os.memfd_create, os.sendfile, os.setuid, sqlite3.Cursor.execute, ssl.SSLContext.load_cert_chain, socket.socket.listen):
    try:
        signature = inspect.signature(function)
    except ValueError as error:
        signature = error
    print(function, signature, function.__text_signature__, function.__qualname__, len(function.__doc__ or ""))
print(pickle.dumps(os.mkfifo), pickle.loads(pickle.dumps(os.memfd_create)) is os.memfd_create)
"""


def test_nobody_can_tell_by_looks_or_errors(perform):
    """Errors, signatures, names and pickles are those that the builtins always had."""
    bare, observed, enforced = [perform(mode, LOOKS, None) for mode in guarded.MODES]

    assert "41 " in bare.stdout, bare.story()
    assert observed.stdout == bare.stdout
    assert enforced.stdout == bare.stdout
