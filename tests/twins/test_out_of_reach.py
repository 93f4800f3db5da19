"""What only the C core holds: interpreters beside the first one, and state that Python can't change."""

import pytest

SUB = """
try:
    import _interpreters
    run = lambda code: _interpreters.exec(_interpreters.create(), code)
except ImportError:
    import _xxsubinterpreters
    run = lambda code: _xxsubinterpreters.run_string(_xxsubinterpreters.create(), code)
def attempt(code):
    try:
        return run(code)
    except Exception:
        return None
"""


@pytest.fixture
def core():
    """These are about the C core alone."""
    return "c"


@pytest.mark.parametrize(
    "code",
    [
        "import posix; posix.system('echo GOT IT')",
        "print('GOT IT' + open(__import__('os').path.expanduser('~/.ssh/id_ed25519')).read())",
        "open('written.txt', 'w')",
        "import _posixsubprocess; print('GOT IT')",
    ],
)
def test_a_sub_interpreter_reaches_nothing(play, code):
    """Nobody can judge there: starting, reading and writing are refused, and the process lives on."""
    outcome = play("", SUB + f"attempt({code!r})\nprint('app done')\n")

    assert "GOT IT" not in outcome.stdout, outcome.story()
    assert "app done" in outcome.stdout, outcome.story()


def test_a_sub_interpreter_can_import(play):
    """Python's own files stay readable."""
    outcome = play("", SUB + "attempt('import json, email; print(\"imported\", flush=True)')\n")

    assert "imported" in outcome.stdout, outcome.story()


def test_only_the_guard_says_that_it_is_busy(play):
    """Whoever finds the set of busy threads can't put a thread of his own in."""
    outcome = play(
        "",
        "import importguard.guard as guard\nbusy = guard.guard.core.busy\n"
        "for add in (lambda: busy.add(0), lambda: list(map(busy.add, [0])), busy.clear if hasattr(busy, 'clear') else busy.discard):\n"
        "    try: add()\n    except (RuntimeError, TypeError): print('refused')\n",
    )

    assert outcome.stdout == "refused\n" * 3, outcome.story()


REMOVE_THE_HOOK = """
import ctypes, struct

def mapped(name):
    lines = [line.split() for line in open("/proc/self/maps")]
    return [tuple(int(end, 16) for end in line[0].split("-")) for line in lines if name in line[-1]]

def words(at, count):
    try:
        memory.seek(at)
        return struct.unpack(f"{count}Q", memory.read(8 * count))
    except (OSError, OverflowError, ValueError, struct.error):
        return ()

memory = open("/proc/self/mem", "rb+", buffering=0)
guards = mapped("/ccore.") + mapped("/igpreload.")
runtime = ctypes.addressof(ctypes.c_char.in_dll(ctypes.pythonapi, "_PyRuntime"))
found = 0
for at in range(runtime, runtime + 400_000, 8):
    (node,) = words(at, 1) or (0,)
    entry = words(node, 2) if node > 1 << 16 else ()
    if entry and any(low <= entry[1] < high for low, high in guards) and (entry[0] == 0 or words(entry[0], 2)):
        memory.seek(at)
        memory.write(bytes(8))
        found += 1
print("removed", found, flush=True)
import colorsys
print("still here")
"""


def test_a_hook_that_is_gone_is_noticed(play):
    """The finder asks at each import whether the hook still hears: where it doesn't, that is recorded and the process ends."""
    outcome = play("", REMOVE_THE_HOOK)

    assert "removed 1\n" in outcome.stdout and "still here" not in outcome.stdout, outcome.story()
    tampered = [record["target"] for record in outcome.records if record["event"] == "tamper"]
    assert (outcome.returncode, tampered) == (86, ["audit hook"]), outcome.story()


def test_an_origin_of_ones_own_making_is_not_believed(play):
    """Code that calls the carrier with the application as the origin is blamed itself."""
    outcome = play(
        "import os, importguard.blame, importguard.model, importguard.wraps.carrier as carrier\n"
        "origin = importguard.blame.Origin((importguard.model.APP,), 'run', '')\n"
        "carrier.run(origin, os.open, (os.path.expanduser('~/.ssh/id_ed25519'), 0), {})\nprint('GOT IT')\n",
        "try: import acme_evil\nexcept PermissionError: pass\n",
    )

    assert "GOT IT" not in outcome.stdout, outcome.story()


WRITE_TO_WHAT_IS_SEALED = """
lines = [line.split() for line in open("/proc/self/maps")]
sealed = [[int(end, 16) for end in line[0].split("-")] for line in lines if "/memfd:importguard" in line[-2]]
memory, refused, written = open("/proc/self/mem", "rb+", buffering=0), 0, 0
for low, high in sealed:
    try:
        memory.seek(low)
        memory.write(bytes(high - low))
        written += 1
    except OSError:
        refused += 1
print("refused", refused, "written", written, flush=True)
import acme_evil
"""


def test_what_decides_takes_no_write(play):
    """The policy, the table of events, the core's own state and the guard's code that is loaded later are sealed: nobody who writes to
    memory switches it off."""
    evil = "import os\ntry: print('GOT IT' + open(os.path.expanduser('~/.ssh/id_ed25519')).read())\nexcept PermissionError: print('kept')\n"

    outcome = play(evil, WRITE_TO_WHAT_IS_SEALED)

    assert outcome.stdout == "refused 4 written 0\nkept\n", outcome.story()
