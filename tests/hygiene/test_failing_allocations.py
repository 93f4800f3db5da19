"""Allocations fail one after the other while a package does what it may not: nothing crashes, and nothing is done.

The application forks for each attempt, so that each finds the guard as it was: what that does for the first time, it does
in each of them. The packages are let have `_testcapi`, which makes allocations fail.
"""

import ast
import signal
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "attacks"))

import attempts  # noqa: E402  (tests/ is no package)
from support import guarded  # noqa: E402

REFUSED, FAILED = 1, 2
# The act in which the guard compiles once more what was cached since the command began.
COMPILED_AGAIN = "imported_by_fresh_bytecode"
# Some releases of CPython give code back twice where a function can't be made of it (python/cpython#122752), and the process
# ends by a signal when the memory is used for something else: docs/explanation/limits.md. The guard's late parts make functions.
MAKES_FUNCTIONS = """
import os, sys, _testcapi

def act():
    def made():
        return 1
    return made

def attempt(start):
    try:
        _testcapi.set_nomemory(start, start + 1)
        try:
            act()
        finally:
            _testcapi.remove_mem_hooks()
    except MemoryError:
        pass
    for _ in range(9):
        act()()

for start in range(12):
    child = os.fork()
    if child == 0:
        attempt(start)
        os._exit(0)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""
# They all give the bytes of new code back twice where what describes them finds no memory (python/cpython#151112).
COMPILES = """
import os, _testcapi

TEXT = "import os; open(os.path.expanduser('~/.aws/credentials'))"
compile(TEXT, "text", "exec")

def attempt(start):
    try:
        _testcapi.set_nomemory(start, start + 1)
        try:
            compile(TEXT, "text", "exec")
        finally:
            _testcapi.remove_mem_hooks()
    except BaseException:
        pass
    kept = [bytes(128) for _ in range(300)]

for start in range(400):
    child = os.fork()
    if child == 0:
        attempt(start)
        os._exit(0)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""
# What there is before, what is done while allocations fail, what is done with what it gave, and what shows that it worked.
ACTS = {
    "opened": ("", "open(AWS)", "open(LOOT, 'w').write(made.read())", "kept:aws"),
    "opened_by_posix": ("import posix", "posix.open(AWS, 0)", "open(LOOT, 'wb').write(os.read(made, 999))", "kept:aws"),
    "renamed": ("", "os.rename(AWS, LOOT)", "", "kept:aws"),
    "connected": (
        "import socket; plug = socket.socket()",
        "plug.connect(('127.0.0.1', PORT))",
        "plug.sendall(b'GET /home HTTP/1.0\\r\\n\\r\\n'); plug.recv(9)",
        "GET:/home",
    ),
    "started": ("import subprocess", "subprocess.Popen(['/bin/touch', TMP + '/ran'])", "made.wait()", "wrote:tmp/ran"),
    "called_the_shell": ("import posix", "posix.system('touch $TMPDIR/ran')", "", "wrote:tmp/ran"),
    "made_a_file": ("", "os.mknod(HOME + '/.bashrc.d')", "", "wrote:home/.bashrc.d"),
    "imported": ("", "__import__('acme_refused')", "", "wrote:tmp/imported"),
    "loaded_what_starts": (
        "import sys; sys.modules.pop('_posixsubprocess', None)",
        "__import__('_posixsubprocess')",
        "fork_exec(made, [b'touch', os.fsencode(TMP) + b'/ran'], [b'/bin/touch'])",
        "wrote:tmp/ran",
    ),
    "asked_for_more_threads": (
        "import functools, _thread; work = functools.partial(os.system, 'touch $TMPDIR/ran')",
        "getattr(_thread, 'start_joinable_thread', int)(function=work)",
        "made.join(1)\n        if not os.path.exists(TMP + '/ran'): raise OSError('importguard IG201, in the thread')",
        "wrote:tmp/ran",
    ),
    "moved_a_folder": (
        "os.makedirs(TMP + '/\u00e9t\u00e9/systemd/user'); open(TMP + '/\u00e9t\u00e9/systemd/user/x.service', 'w').close()",
        "os.rename(TMP + '/\u00e9t\u00e9', HOME + '/.config')",
        "",
        "wrote:home/.config/systemd/user/x.service",
    ),
    "linked_a_folder": (
        "os.makedirs(TMP + '/\u00ee/systemd/user')",
        "os.symlink(TMP + '/\u00ee', HOME + '/.config')",
        "open(TMP + '/linked', 'w').close()",
        "wrote:tmp/linked",
    ),
    "read_a_variable": ("", "os.environ['ACME_API_KEY']", "open(TMP + '/key', 'w').write(made)", "wrote:tmp/key"),
    "set_a_variable": ("", "os.putenv('ACME_API_KEY', '\u00e9')", "open(TMP + '/set', 'w').close()", "wrote:tmp/set"),
    "sent_by_anothers_socket": ("plug = __import__('__main__').plug", "plug.send(b'x')", "open(TMP + '/sent', 'w').close()", "wrote:tmp/sent"),
    COMPILED_AGAIN: ("", "__import__('acme_thief')", "", "wrote:tmp/stolen"),
}
PACKAGE = attempts.HEAD + attempts.FORK_EXEC + """
import _testcapi
{before}

def attempt(start, stop):
    try:
        _testcapi.set_nomemory(start, stop)
        try:
            made = {act}
        finally:
            _testcapi.remove_mem_hooks()
        {then}
    except BaseException as error:
        return 1 if "importguard IG20" in str(error) else 2
    return 3
"""
APP = """
import importlib, os, py_compile, socket, sys, sysconfig

if os.path.exists(os.path.expanduser("~/.config")):
    os.rename(os.path.expanduser("~/.config"), os.environ["TMPDIR"] + "/was")
py_compile.compile(sysconfig.get_path("purelib") + "/acme_thief.py")
server = socket.create_server(("127.0.0.1", 0))
plug = socket.create_connection(server.getsockname())
acts, first, last, step, how_many = sys.argv[1].split(","), *map(int, sys.argv[2:])
for act in acts:
    package = importlib.import_module("acme_hunger." + act)
    ends, row = {}, 0
    for start in range(first, last, step):
        child = os.fork()
        if child == 0:
            os._exit(package.attempt(start, start + how_many))
        end = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        ends.setdefault(end, []).append(start)
        # So many refusals that each found all the memory that it asked for: no more allocations follow. Nor is anything
        # missing to them where the guard compiles again, for some 200 allocations in a row.
        row = row + 1 if end == 1 else 0
        if row == 400:
            break
    print(act, ends, flush=True)
"""
POLICY = """
version = 1
[package.acme-hunger]
import.allow = ["native.call:_testcapi"]
run.deny = ["net.connect", "proc.spawn", "fs.write:~/.bashrc.d", "env.read:ACME_API_KEY", "env.write:ACME_API_KEY"]
[package.acme-more]
import.deny = ["import:acme_refused"]
"""
MODULES = {
    "acme_refused.py": "import os; open(os.environ['TMPDIR'] + '/imported', 'w')",
    "acme_thief.py": "import os; open(os.path.expanduser('~/.aws/credentials')); open(os.environ['TMPDIR'] + '/stolen', 'w')",
}


def sources():
    """Return {act: the source of its module}."""
    return {
        name: PACKAGE.replace("{before}", before).replace("{act}", act).replace("{then}", then or "pass")
        for name, (before, act, then, _) in ACTS.items()
    }


@pytest.fixture(scope="session")
def play(tmp_path_factory):
    """Return a function that has the acts done on an Interpreter, from an allocation on in steps; gives (Outcome, evidence)."""
    known = {name: attempts.Attempt(source, app=APP, policy=POLICY, files=MODULES) for name, source in sources().items()}
    room = attempts.Room("acme_hunger", known, tmp_path_factory.mktemp("hunger"))

    def run(interpreter, root, acts, *numbers, mode=guarded.RECOMMENDED):
        command = ("app.py", ",".join(acts), *map(str, numbers))
        return room.perform(acts[0], interpreter, root, mode, command=command, seconds=3600)

    return run


def ends_by_itself(interpreter, program, **variables):
    """Say whether an Interpreter, without any guard, ends by a signal in a program that finds no memory once."""
    done = subprocess.run([interpreter.path, "-S", "-c", program], env=variables, capture_output=True, text=True, timeout=120)
    ends = set(done.stdout.split())
    assert "0" in ends, done.stderr
    return str(-signal.SIGSEGV) in ends or str(-signal.SIGABRT) in ends


def acts_that_may_end(interpreter):
    """Return {act: how often at most} an Interpreter's own faults may end it by a signal."""
    if ends_by_itself(interpreter, MAKES_FUNCTIONS, PYTHONMALLOC="debug"):
        return dict.fromkeys(ACTS, 20000)
    return {COMPILED_AGAIN: 8} if ends_by_itself(interpreter, COMPILES) else {}


def test_each_act_works_unguarded(play, interpreter, tmp_path):
    """The control: without the guard, and with memory enough, each act is done."""
    for name, (*_, shows) in ACTS.items():
        outcome, evidence = play(interpreter, tmp_path / name, [name], 1299, 1300, 1, 1, mode=guarded.UNGUARDED)

        is_missing_here = name == "asked_for_more_threads" and sys.version_info < (3, 13)
        assert shows in evidence or is_missing_here, outcome.story()


@pytest.mark.parametrize("how_many", [1, 4])
def test_no_allocation_that_fails_lets_anything_through(how_many, play, any_interpreter, tmp_path, is_thorough):
    """Whichever allocation fails, alone or with a few that follow: an error at most, and the deed is never done.

    Where all that follow fail, some interpreters go round in circles by themselves.
    """
    numbers = (0, 20000, 1) if is_thorough else (7, 1300, 149) if how_many == 1 else (11, 1300, 311)

    outcome, evidence = play(any_interpreter, tmp_path, list(ACTS), *numbers, how_many)

    assert_nothing_is_done(outcome, evidence, any_interpreter)


def test_none_of_the_first_allocations_that_fails_lets_anything_through(play, any_interpreter, tmp_path):
    """Each of the first: by them it is decided who is asked at all. Without a list of finders there was nobody."""
    outcome, evidence = play(any_interpreter, tmp_path, list(ACTS), 0, 50, 1, 1)

    assert_nothing_is_done(outcome, evidence, any_interpreter)


def assert_nothing_is_done(outcome, evidence, interpreter):
    """All acts ended as they may on an Interpreter, and none left what shows that it was done."""
    ends = {name: ast.literal_eval(found) for name, found in (line.split(" ", 1) for line in outcome.stdout.splitlines())}
    may_end = acts_that_may_end(interpreter)
    assert ends.keys() == ACTS.keys(), outcome.story()
    for name, found in ends.items():
        by_signal = found.pop(-signal.SIGSEGV, [])
        assert found.keys() <= {REFUSED, FAILED} and len(by_signal) <= may_end.get(name, 0), (name, found, by_signal)
    assert not {shows for *_, shows in ACTS.values()} & set(evidence), outcome.story()
