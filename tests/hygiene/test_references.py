"""What the core in C is asked again and again leaves nothing behind: no object, no reference to an argument, no byte."""

import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("importguard.core.ccore", reason="this build has no C core")
pytest.importorskip("ctypes", reason="the bytes that are in use are asked of the C library")

HERE = Path(__file__).parent
COUNTING = """
import ctypes, gc, sys

class Mallinfo(ctypes.Structure):
    _fields_ = [(name, ctypes.c_size_t) for name in "arena ordblks smblks hblks hblkhd usmblks fsmblks uordblks fordblks keepcost".split()]

mallinfo = ctypes.CDLL(None).mallinfo2
mallinfo.restype = Mallinfo
total_references = getattr(sys, "gettotalrefcount", int)

def state(values):
    gc.collect()
    return [mallinfo().uordblks, sys.getallocatedblocks(), len(gc.get_objects()), total_references(), *map(sys.getrefcount, values)]

def again(act, count):
    for _ in range(count):
        try: act()
        except Exception: pass

# What grows with each turn shows in the second half as in the first; what is kept once doesn't.
def grown(act, values, count):
    again(act, count)
    before = state(values)
    again(act, count)
    after = state(values)
    return [now - then for now, then in zip(after, before)]

def has_grown(found, count):
    return found[0] > 16 * count or any(each > count // 2 for each in found[1:])

# The tables of the collector, of the allocator and of caches grow in steps, which more turns tell from a leak.
def look(acts, count):
    gc.collect()
    gc.freeze()
    for name, (act, *values) in acts.items():
        for turns in (count, 2 * count, 4 * count, 8 * count):
            found = grown(act, values, turns)
            if not has_grown(found, turns):
                break
        else:
            print(name, turns, found)
    print("looked at", len(acts))
"""
UNARMED = COUNTING + """
import random
import policies, strange
from importguard.core import ccore

def event(name, args):
    return lambda: ccore.read_event(name, args, True)

acts = {}
for name in sorted(ccore.events_read()):
    for seed in range(SEEDS):
        chance = random.Random(f"{name} {seed}")
        args = tuple(strange.value(chance) for _ in range(1 + seed))
        acts[f"{name}, seed {seed}"] = event(name, args), args, *args
    for args in (("/etc/passwd", None, 0, -1), ("\\u00e9/\\udcff", ["a", b"b"], {}), (None, ("127.0.0.1", 80)), (None, ("::1", 8, 0, 0))):
        acts[f"{name} {args!r}"] = event(name, args), args, *args
text, table, flat = "/home/\\u00e9/.ssh/id", policies.flat(), ccore.table_flat(policies.flat())
held = (({"a": ("1", False)}, {}, {"/s/site-packages/a.py": "a"}, {"/s/site-packages": 0}, {}), ("/srv/",), ("/lib/",), "/g/")
made = ccore.twin_table(flat, frozenset(), {})
asked = ("X.PTH\\u212a", "1.0", 3), 1, 1, "EX\\u212a.com:1", None
acts.update({
    "resolve": (lambda: ccore.resolve(text), text),
    "program_path": (lambda: ccore.program_path(text, None), text),
    "argv_text": (lambda: ccore.argv_text(asked), asked),
    "address_text": (lambda: ccore.address_text(("::1%x", 8, 0, 0)),),
    "owners": (lambda: ccore.twin_owners(held, None, None, ("/s/site-packages/a.py", text), ("a",)), held, text),
    "decide": (lambda: ccore.twin_decide(made, *asked), made, asked),
    "watches": (lambda: ccore.twin_watches(made, 4, text), made, text),
    "a flat table": (lambda: ccore.twin_table(flat, frozenset(), {}), flat),
    "a broken table": (lambda: ccore.twin_table(flat[:-1], frozenset(), {}), flat),
    "the code of the frames": (lambda: (ccore.codes(True), ccore.codes(False)),),
})
look(acts, COUNT)
"""
ARMED = COUNTING + """
import _thread, atexit, os, posix, signal, socket, time, weakref
from by_hand import ccore, parts

services = ccore.install(**{**parts(), "enforcing": True})
finder, spec_of_json, frame = services["finder"], __import__("importlib.util").util.find_spec("json"), sys._getframe()
secret, path, argv = "/root/.ssh/id_ed25519", "/tmp/missing/\\u00e9", ("ls", "-l")
folder = os.open("/tmp", os.O_RDONLY)
# Code that belongs to nobody, and is refused what packages are refused.
nobodys = {}
exec(compile("import os\\ndef refused(act, *args):\\n    return act(*args)\\n", "/nowhere/at/all.py", "exec"), nobodys)
refused, plug = nobodys["refused"], socket.socket()

def thread():
    lock = _thread.allocate_lock()
    lock.acquire()
    _thread.start_new_thread(lock.release, ())
    lock.acquire()
    time.sleep(0)

class Thing:
    pass

def handler():
    signal.signal(signal.SIGUSR1, refused)
    signal.raise_signal(signal.SIGUSR1) if False else signal.getsignal(signal.SIGUSR1)

acts = {
    "ask": (lambda: services["ask"]("fs.read", secret, None), secret),
    "ask to spawn": (lambda: (services["ask"]("proc.spawn", "/bin/ls", argv), services["spawned"]()), argv),
    "ask what is no capability": (lambda: services["ask"]("fs.look", secret, None), secret),
    "ask_to_open": (lambda: services["ask_to_open"](path, 0), path),
    "owner_of_path": (lambda: services["owner_of_path"](path), path),
    "owner_at": (lambda: services["owner_at"](frame), frame),
    "is_own": (lambda: services["is_own"](frame), frame),
    "answers": (lambda: services["answers"](),),
    "part": (lambda: services["part"]("a"),),
    "a module that is found": (lambda: finder.find_spec("json", None, None), finder),
    "a module that is not": (lambda: finder.find_spec("no_such_module", None, None), finder),
    "an open file": (lambda: open("/dev/null").close(),),
    "an open that is refused": (lambda: refused(open, secret), secret, refused),
    "an open with a folder": (lambda: refused(lambda: posix.open("missing", 0, dir_fd=folder)),),
    "a pipe that is refused": (lambda: refused(posix.mkfifo, "/root/.bashrc.d"),),
    "a connection that is refused": (lambda: refused(plug.connect, ("127.0.0.1", 1)), plug),
    "a start that is refused": (lambda: refused(posix.system, "true"),),
    "a signal": (handler, refused),
    "a thread": (thread,),
    "a thread of nobody's": (lambda: refused(thread),),
    "an exit function": (lambda: (atexit.register(refused, path), atexit._clear()), refused, path),
    "a finalizer": (lambda: weakref.finalize(Thing(), refused, len, path), refused, path),
    "code": (lambda: compile("def f(): pass", path, "exec"), path),
    "code that is run": (lambda: exec("def f(): return lambda: 1", {}),),
    "code that is put in a function": (lambda: setattr(thread, "__code__", thread.__code__.replace()),),
}
look(acts, COUNT)
"""


def run(program, count, *, seeds=0):
    """Return what a program prints that looks for what `count` turns leave behind, of so many seeds an event."""
    rooms = [str(HERE), str(HERE.parent / "twins")]
    text = f"import sys; sys.path[:0] = {rooms!r}\n{program.replace('COUNT)', f'{count})').replace('SEEDS', str(seeds))}"
    done = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, timeout=3000)
    return done.stdout + done.stderr


def test_reading_and_asking_leave_nothing_behind(is_thorough):
    """Every event with strange and plain arguments, tables, ledgers, paths: as much is there after many turns as before."""
    found = run(UNARMED, 2000, seeds=20) if is_thorough else run(UNARMED, 24, seeds=2)

    assert found.startswith("looked at"), found


def test_guarding_leaves_nothing_behind(is_thorough):
    """The services, the hook, the diverted builtins, what is carried: as much is there after many turns as before."""
    found = run(ARMED, 2000 if is_thorough else 60)

    assert found.startswith("looked at"), found
