"""Native code that knows of the supervisor of system calls: what gets past it, each a strict expected failure, and what no longer does."""

from dataclasses import dataclass
from pathlib import Path

import pytest
from support import envs, guarded, wheels, worlds

HERE = Path(__file__).parent
SUPERVISED, UNSUPERVISED = ("--supervise", "require"), ("--supervise", "off")
SECTION = "docs/explanation/limits.md#what-the-supervisor-doesnt-see"
IMPORTS = "import acme_{name}\n"
# The thread that waits is to have had its time.
WAITS = """
import os, time
import acme_{name}
open(os.environ["IMPORTED"], "w").close()
end = time.monotonic() + 20
while not os.path.exists(os.environ["DONE"]) and time.monotonic() < end:
    time.sleep(0.01)
"""
PASSES = """
import builtins, os, socket

def hook():
    host, port = os.environ["SINK"].removeprefix("http://").split(":")
    with socket.create_connection((host, int(port))) as connection:
        connection.sendall(b"GET /hook HTTP/1.0\\r\\n\\r\\n")
        connection.recv(64)

builtins.hook = hook
import acme_caller
"""
CALLER = "import acme_after_a_pass, builtins\nbuiltins.hook()\nacme_after_a_pass.try_it()\n"


@dataclass(frozen=True, slots=True)
class Gap:
    """What an extension does, by its name in supervised.c, and the fact that shows that it came through."""

    shows: str = "GET:/gap"
    app: str = IMPORTS
    before: tuple[str, ...] = ()
    is_open: bool = False


GAPS = {
    "after_the_import": Gap(app=WAITS, is_open=True),
    "forged_board": Gap(is_open=True),
    "adopted_orphan": Gap(before=("adopter",), is_open=True),
    "after_a_pass": Gap(app=PASSES),
    "exchanged_descriptor": Gap("UDP:"),
    "exchanged_program": Gap("wrote:home/gap.mark"),
    "listening_anywhere": Gap("wrote:tmp/done"),
}


@pytest.fixture(scope="module")
def environment(tmp_path_factory, interpreter):
    """An environment with all the extensions, and with a package that calls the application back."""
    if wheels.compiler() is None:
        pytest.skip("needs a C compiler")
    folder = tmp_path_factory.mktemp("supervised")
    made = envs.create(folder / "env", interpreter)
    source = (HERE / "supervised.c").read_text()
    native = {f"acme_{name}": f"#define NAME acme_{name}\n#define ACT {name}\n{source}" for name in GAPS}
    envs.install(made, wheels.Wheel("acme-gap", "1.0", {"acme_caller.py": CALLER}, native=native), folder=folder / "wheels")
    wheels.compile_c((HERE / "adopter.c").read_text(), folder / "adopter")
    return made, folder


@pytest.fixture
def perform(tmp_path, environment):
    """Return a function that lets an extension loose in a world of its own; it gives (the Outcome, what came of it)."""
    made, folder = environment

    def perform(app, options, before=()):
        with worlds.furnished(tmp_path / "world", made) as world:
            (world.project / "app.py").write_text(app)
            variables = {"IMPORTED": str(world.temporary / "imported"), "DONE": str(world.temporary / "done")}
            command = [*(folder / name for name in before), made.python, "app.py"]
            outcome = guarded.run(world, command, options=options, variables=variables, seconds=60)
            assert any(record["event"] == "armed" for record in outcome.records), outcome.story()
            return outcome, world.evidence()

    return perform


@pytest.mark.parametrize("name", GAPS)
def test_unsupervised_it_gets_through(name, perform):
    """The control: what is tried is real."""
    gap = GAPS[name]
    outcome, evidence = perform(gap.app.format(name=name), UNSUPERVISED, gap.before)

    assert gap.shows in evidence, outcome.story()


def known(name):
    marks = pytest.mark.xfail(reason=SECTION, raises=AssertionError, strict=True) if GAPS[name].is_open else ()
    return pytest.param(name, marks=marks)


@pytest.mark.parametrize("name", [known(name) for name in GAPS])
def test_supervised_it_does_not(name, perform):
    """Under the default policy, with the supervisor."""
    gap = GAPS[name]
    outcome, evidence = perform(gap.app.format(name=name), SUPERVISED, gap.before)

    if "supervisor" not in outcome.records[0]["layers"]:
        pytest.fail(f"not supervised: {outcome.story()}", pytrace=False)
    assert gap.shows not in evidence, outcome.story()
    if gap.app == PASSES:
        assert "GET:/hook" in evidence, outcome.story()


# A timer interrupts connections while other threads have so many that each waits its turn.
INTERRUPTED = """
import ctypes, json, signal, socket, sys, threading, time

libc = ctypes.CDLL(None, use_errno=True)
address = (2).to_bytes(2, sys.byteorder) + (9).to_bytes(2, "big") + socket.inet_aton("127.0.0.1") + bytes(8)
busy, lost = [True], 0

def keep_busy():
    fd = libc.socket(2, 2, 0)
    while busy:
        libc.connect(fd, address, len(address))

threads = [threading.Thread(target=keep_busy) for _ in range(6)]
for thread in threads:
    thread.start()
signal.signal(signal.SIGALRM, lambda *_: None)
signal.setitimer(signal.ITIMER_REAL, 0.0005, 0.0005)
end = time.monotonic() + 15
while not lost and time.monotonic() < end:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as ours:
        ours.connect(("127.0.0.1", 9))
        try:
            ours.getpeername()
        except OSError:
            lost += 1
signal.setitimer(signal.ITIMER_REAL, 0)
busy.clear()
for thread in threads:
    thread.join()
print(lost)
"""
# The application's own native code, called by a package that is being imported.
DRIVEN = """
import builtins, ctypes, os, socket, sys

libc = ctypes.CDLL(None, use_errno=True)

def hook():
    host, port = os.environ["SINK"].removeprefix("http://").split(":")
    address = (2).to_bytes(2, sys.byteorder) + int(port).to_bytes(2, "big") + socket.inet_aton(host) + bytes(8)
    fd = libc.socket(2, 1, 0)
    print(libc.connect(fd, address, len(address)), flush=True)
    os.close(fd)

builtins.hook = hook
import acme_caller
"""


def test_a_signal_loses_no_connection(perform):
    """Each is made or fails, whatever signals come before the supervisor has noticed the call."""
    outcome, _evidence = perform(INTERRUPTED, SUPERVISED)

    assert outcome.stdout == "0\n", outcome.story()


def test_unsupervised_the_applications_driver_connects(perform):
    """The control."""
    outcome, _evidence = perform(DRIVEN, UNSUPERVISED)

    assert outcome.stdout == "0\n", outcome.story()


@pytest.mark.xfail(reason=SECTION, raises=AssertionError, strict=True)
def test_supervised_the_applications_driver_connects(perform):
    """A package that is being imported calls the application back, whose native code connects where the application may."""
    outcome, _evidence = perform(DRIVEN, SUPERVISED)

    if outcome.returncode != 0:
        pytest.fail(outcome.story(), pytrace=False)
    assert outcome.stdout == "0\n", outcome.story()
