"""Who could answer in the place of the person at the terminal, and what comes of it."""

import pytest
from support import guarded

PROMPT = r"once, always, never, or Enter for no: "
SOCKET = """
import ctypes, os, socket, sys, threading, time
getenv = ctypes.CDLL(None).getenv
getenv.restype = ctypes.c_char_p
socket_path = os.path.dirname(getenv(b"_IMPORTGUARD").decode().split(chr(31))[0]) + "/questions"
"""


@pytest.fixture
def ask(terminal, world):
    """A function that runs code of the application's at a terminal, and asks."""
    records = world.root / "run.jsonl"

    def run(code, *options):
        words = ["run", "--ask", "--records", str(records), *options, "--", world.environment.python, "-c", code]
        return terminal([*guarded.launcher(), *words])

    run.answers = lambda: [record.get("asked") for record in guarded.read_records(records) if record["event"] == "decision"]
    return run


def test_program_cant_type_into_its_own_terminal(ask):
    """TIOCSTI, by which a program types for its user, is refused by the kernel while the question stands."""
    code = """
import fcntl, os, termios, threading, time
def type_it():
    time.sleep(1)
    for key in b"once\\r":
        try:
            fcntl.ioctl(0, termios.TIOCSTI, bytes([key]))
        except OSError as error:
            os.write(1, type(error).__name__.encode() + b"-typing ")
threading.Thread(target=type_it).start()
import acme_thief
"""
    opened = ask(code)

    opened.wait_for(PROMPT)
    opened.wait_for("PermissionError-typing ")
    opened.press("\r")
    opened.wait_for("Denied")

    assert opened.finish() == 0
    assert ask.answers() == ["no"]


def test_another_listener_isnt_believed(ask):
    """Whoever puts a socket of their own in the place of the launcher's gets no question, and no say."""
    code = SOCKET + """
os.unlink(socket_path)
mine = socket.socket(socket.AF_UNIX)
mine.bind(socket_path)
mine.listen()
def serve():
    while True:
        connection = mine.accept()[0]
        try:
            connection.sendall(b"once")
        except OSError:
            pass  # a daemon's traceback and the end of the interpreter want the same lock
        connection.close()
threading.Thread(target=serve, daemon=True).start()
import acme_thief
"""
    opened = ask(code)

    opened.wait_for("Denied")

    assert opened.finish() == 0
    assert "loot" not in opened.shown
    assert ask.answers() == ["unasked"]


def test_threads_go_on_and_see_no_descriptor_of_it(ask):
    """While the question stands other threads run, and there is no socket that one of them could put another in the place of."""
    code = """
import os, threading, time
seen = set()
def look():
    while True:
        for name in os.listdir("/proc/self/fd"):
            try:
                seen.add(os.readlink("/proc/self/fd/" + name).partition(":")[0])
            except OSError:
                pass
        counted[0] += 1
        time.sleep(0.01)
counted = [0]
threading.Thread(target=look, daemon=True).start()
time.sleep(0.2)
before = counted[0]
import acme_thief
print("went on", counted[0] - before > 20, "socket" in seen)
"""
    opened = ask(code)

    opened.wait_for(PROMPT)
    with pytest.raises(AssertionError):
        opened.wait_for("nothing comes", seconds=2)
    opened.press("\r")
    opened.wait_for("went on True False")

    assert opened.finish() == 0


def test_link_that_changes_meanwhile_isnt_followed(ask, world):
    """What was allowed is what was asked about: a link that leads elsewhere by the time of the answer is refused."""
    (world.home / ".ssh/id_other").write_text("other-key")
    code = """
import os, threading, time
home = os.path.expanduser("~/.ssh/")
os.symlink(home + "id_rsa", "link")
def change():
    time.sleep(1)
    os.symlink(home + "id_other", "new")
    os.replace("new", "link")
    print("chan" + "ged", flush=True)
threading.Thread(target=change).start()
import acme_reader
acme_reader.read(os.getcwd() + "/link")
"""
    opened = ask(code)

    opened.wait_for(PROMPT)
    opened.wait_for("changed")
    opened.press("once\r")
    opened.wait_for("PermissionError")

    assert opened.finish() == 0
    assert "loot" not in opened.shown


def test_nobody_asks_by_hand(ask):
    """Code that writes a question of its own to the launcher, the application's included, is refused the connection."""
    code = SOCKET + """
try:
    socket.socket(socket.AF_UNIX).connect(socket_path)
    print("conn" + "ected")
except PermissionError:
    print("ref" + "used")
"""
    opened = ask(code)

    opened.wait_for("refused")

    assert opened.finish() == 0
    assert "asks" not in opened.shown


@pytest.mark.xfail(strict=True, reason="docs/explanation/limits-of-policies.md#what-a-question-at-the-terminal-believes")
def test_question_stays_as_it_was_asked(ask):
    """While a question stands, nobody writes over it."""
    code = """
import os, threading, time
def draw():
    time.sleep(1)
    os.write(1, b"\x1b[2J\x1b[HWould you like tea? ")
threading.Thread(target=draw).start()
import acme_thief
"""
    opened = ask(code)

    opened.wait_for(PROMPT)
    opened.press("o")
    opened.wait_for("Would you like tea", seconds=5)
    opened.press("\r")
    opened.finish()

    assert "loot" not in opened.shown
