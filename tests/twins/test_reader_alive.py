"""Reading events crashes nothing and keeps nothing, whatever an operation was given and whichever allocation fails."""

import os
import subprocess
import sys

import pytest

FUZZ = r"""
import random, sys
import operands as twins
from operands import ccore

class Wild:
    def __index__(self): raise KeyError("index")
    def __getattr__(self, name): raise KeyError(name)
    def __eq__(self, other): raise KeyError("eq")
    def __hash__(self): raise KeyError("hash")
    def __len__(self): raise KeyError("len")

class Recursive:
    def __fspath__(self):
        ccore.read_event("open", (self, None, 2), True)

class Odd:
    def __init__(self, answer): self.answer = answer
    def __fspath__(self): return self.answer

class Huge(int): pass

released = memoryview(b"x"); released.release()
deep = ()
for _ in range(500): deep = (deep,)
numbers = [0, 1, -1, True, 2**31, -2**63, 2**64, 10**5000, Huge(7), Huge(10**30)]
texts = ["", "/", ".", "..", "a/b", "/etc/passwd", "file:%4", "file://", "%", "\ud800/\udfff", "\0", "/\0/a", "caf\xe9", "\udc80",
         "x" * 70000, "/l" * 4000, ":memory:", twins.Text("/x")]
data = [b"", b"\0x", b"\xff/" * 3000, bytearray(b"/x"), memoryview(b"abcd")[::2], released, twins.Data(b"/x")]
others = [None, Wild(), Recursive(), object(), type, Wild, ..., 1.5, 2j, range(3), [[]] * 9, {}, deep, twins.Row((b"h", 1, 2, 3)), iter(())]
known = numbers + texts + data + others + [Odd(value) for value in texts + data + [None, 3]]

def value(depth=0):
    if depth < 2 and random.random() < 0.2:
        return random.choice([tuple, list, twins.Row])(value(depth + 1) for _ in range(random.randrange(5)))
    return random.choice(known)

random.seed(int((sys.argv[1:] or "0")[0]))
for _ in range(12000):
    event, args = random.choice(twins.EVENTS), tuple(value() for _ in range(random.randrange(6)))
    try:
        ccore.read_event(event, args, random.random() < 0.8)
    except (OSError, TypeError, ValueError, KeyError, RecursionError, OverflowError):
        pass
print("alive")
"""


def run_apart(code, folder, *arguments):
    """Run code in an interpreter of its own, so that a crash is seen as one; returns how it ended."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([os.path.dirname(__file__), *filter(None, sys.path)])}
    command = [sys.executable, "-c", code, *arguments]
    done = subprocess.run(command, env=environment, cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    return done


@pytest.mark.parametrize("seed", ["0", "1"])
def test_no_arguments_crash_it(tmp_path, seed):
    """Random events with random arguments leave the interpreter alive."""
    assert run_apart(FUZZ, tmp_path, seed).stdout == "alive\n"


NO_MEMORY = r"""
import _testcapi, os, sys
from operands import ccore, Place, Text

os.makedirs("d" * 200 + "/" + "e" * 200 + "/" + "f" * 200)
os.symlink("d" * 200 + "/" + "e" * 200 + "/" + "f" * 200, "link")
here = os.getcwd()
cases = [
    ("open", (here + "/link/x\xe9", None, 2)), ("open", (Place("link/x"), None, 0)), ("open", (b"link/\xff", None, 0)),
    ("os.rename", (here + "/link", Text("y"), -1, -1)), ("sqlite3.connect", ("file:" + "%41" * 600,)),
    ("socket.connect", (None, ("fe80::1%eth0", 443, 0, 0))), ("socket.bind", (None, "\0name")), ("os.exec", ("link/../x", ["x", b"y"], None)),
    ("os.system", (b"true",)), ("pickle.find_class", ("a", "b")),
]
for event, args in cases:
    ccore.forget_folders()
    expected = ccore.read_event(event, args, True)
    for start in range(200):
        ccore.forget_folders()
        _testcapi.set_nomemory(start, start + 1)
        try:
            found = ccore.read_event(event, args, True)
        except (MemoryError, PermissionError):
            found = None
        finally:
            _testcapi.remove_mem_hooks()
        assert found is None or found == expected, (event, start, found)
print("alive")
"""


def test_no_memory_is_no_way_around_it(tmp_path):
    """Whichever allocation fails, what is read is the same, or it is refused."""
    pytest.importorskip("_testcapi", reason="this CPython has no _testcapi to fail allocations with")
    assert run_apart(NO_MEMORY, tmp_path).stdout == "alive\n"


LEAKS = (
    FUZZ.replace("12000", "3000").replace('print("alive")', "")
    + r"""
import gc
def blocks():
    random.seed(0)
    for _ in range(3000):
        event, args = random.choice(twins.EVENTS), tuple(value() for _ in range(random.randrange(6)))
        try:
            ccore.read_event(event, args, True)
        except (OSError, TypeError, ValueError, KeyError, RecursionError, OverflowError):
            pass
    ccore.forget_folders()
    args = event = None
    gc.collect()
    return sys.getallocatedblocks()
blocks()
first = blocks()
print(blocks() - first < 50)
"""
)


def test_nothing_is_left_behind(tmp_path):
    """Reading the same events once more takes no more memory."""
    assert run_apart(LEAKS, tmp_path).stdout == "True\n"
