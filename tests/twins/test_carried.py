"""What stands for a function that a package has put off: like the function to everybody, and out of anybody's reach."""

import re

import pytest
from support import envs, guarded, worlds

# What a package arranges when it is imported, found again by its own code.
FOUND = """
import asyncio, atexit, copy, functools, gc, os, pickle, shutil, signal, sys, threading, traceback, weakref, _thread

def put_off(*args):
    return args

class Victim: pass
victim = Victim()
finalizer = weakref.finalize(victim, put_off, 1)
carried = weakref.finalize._registry[finalizer].func
Carried = type(carried)

def attempt(function, *args):
    try: return function(*args)
    except Exception as error: return type(error).__name__
"""
IMPORT = "import acme_evil\n"


@pytest.fixture
def core():
    """These are about the C core alone."""
    return "c"


def shown(play, evil, app=IMPORT, **more):
    """Return the lines that a package prints, and the story of the run."""
    outcome = play(FOUND + evil, app, **more)
    return outcome.stdout.splitlines(), outcome.story()


def test_what_stands_for_a_function_is_like_it(play):
    """It is equal, has the same hash, text and attributes, is a function to isinstance, and copies to the function."""
    lines, story = shown(
        play,
        "print(carried is put_off, carried == put_off, put_off == carried, hash(carried) == hash(put_off))\n"
        "print(repr(carried) == repr(put_off), carried.__name__, isinstance(carried, type(put_off)), carried(2))\n"
        "print(copy.copy(carried) is put_off, weakref.ref(carried)() is carried)\n"
        "sys.modules['__main__'].put_off = put_off\nput_off.__module__, put_off.__qualname__ = '__main__', 'put_off'\n"
        "print(pickle.loads(pickle.dumps(carried)) is put_off)\n",
    )

    assert lines == ["False True True True", "True put_off True (2,)", "True True", "True"], story


def test_an_origin_can_be_neither_made_nor_found(play):
    """No constructor, no copy and no other class; the collector shows the function and nothing else."""
    lines, story = shown(
        play,
        "print(attempt(Carried), attempt(object.__new__, Carried), attempt(Carried.__new__, Carried), attempt(type, 'C', (Carried,), {}))\n"
        "class Other: pass\n"
        "print(attempt(object.__setattr__, carried, '__class__', Other), attempt(setattr, Carried, '__call__', print))\n"
        "print(gc.get_referents(carried) == [put_off], [item for item in gc.get_objects() if type(item).__name__ == 'Origin'])\n"
        "print([name for name in Carried.__dict__ if 'origin' in name], attempt(object.__getattribute__, carried, 'origin'))\n",
    )

    assert lines == [
        "TypeError TypeError TypeError TypeError",
        "TypeError TypeError",
        "True []",
        "[] AttributeError",
    ], story


def test_the_doors_stay_the_objects_that_they_are(play):
    """Builtins are builtins under all their names, and nothing of the library has something wrapped within."""
    lines, story = shown(
        play,
        "import concurrent.futures.thread as futures, _signal, posix\n"
        "builtin = type(len)\n"
        "print({type(f) is builtin for f in (_thread.start_new_thread, _thread.start_new, _signal.signal, _signal.getsignal, "
        "atexit.register, posix.register_at_fork)})\n"
        "inits = [asyncio.events.Handle.__init__, futures._WorkItem.__init__, weakref.finalize.__init__]\n"
        "print({type(f) is type(put_off) for f in inits}, [hasattr(f, '__wrapped__') for f in inits], {f.__module__ for f in inits})\n",
    )

    assert lines[:1] == ["{True}"], story
    assert lines[1].startswith("{True} [False, False, False]"), story


def test_who_asks_back_gets_the_function_that_was_given(play):
    """A handler, a thread's target, an exit function: each is the very object, and can be taken back."""
    lines, story = shown(
        play,
        "signal.signal(signal.SIGUSR1, put_off)\n"
        "print(signal.getsignal(signal.SIGUSR1) is put_off, signal.signal(signal.SIGUSR1, signal.SIG_DFL) is put_off)\n"
        "print(threading.Thread(target=put_off)._target is put_off)\n"
        "def at_exit(): print('not taken back')\n"
        "before = atexit._ncallbacks()\n"
        "print(atexit.register(at_exit) is at_exit)\natexit.unregister(at_exit)\n",
    )

    assert lines == ["True True", "True", "True"], story


RAISING = """
import asyncio, atexit, signal, sys, threading
def fail(*args): raise ValueError('as it is')
signal.signal(signal.SIGUSR1, fail)
try: signal.raise_signal(signal.SIGUSR1)
except ValueError: __import__('traceback').print_exc()
t = threading.Thread(target=fail, name='t'); t.start(); t.join()
loop = asyncio.new_event_loop()
loop.set_exception_handler(lambda loop, context: __import__('traceback').print_exception(context['exception']))
loop.call_soon(fail); loop.call_soon(loop.stop); loop.run_forever(); loop.close()
atexit.register(fail)
"""


def test_a_traceback_shows_no_frame_of_the_guard(tmp_path, any_interpreter, twin_environments):
    """What is raised in deferred work reads as it does unguarded."""
    environment = envs.copy(twin_environments(any_interpreter), tmp_path / "env")
    (environment.site_packages / "acme_evil.py").write_text(RAISING)
    with worlds.furnished(tmp_path / "world", environment) as world:
        (world.project / "app.py").write_text(IMPORT)
        bare = guarded.run(world, [environment.python, "app.py"], mode=guarded.UNGUARDED)
        outcome = guarded.run(world, [environment.python, "app.py"], options=("--core", "c"))

    assert bare.stderr.count("ValueError: as it is") == 4, bare.story()
    assert at_no_address(outcome.stderr) == at_no_address(bare.stderr), outcome.story()


UNFIT = """
import asyncio, atexit, codecs, concurrent.futures, gc, os, signal, sys, threading, _thread, weakref
import multiprocessing.util as processes

class Unfit: pass
unfit = Unfit()

def attempt(function, *args, **names):
    try: function(*args, **names)
    except BaseException as error: print(type(error).__name__, error)

attempt(_thread.start_new_thread, unfit, ())
attempt(atexit.register, unfit)
attempt(signal.signal, signal.SIGUSR1, unfit)
attempt(os.register_at_fork, before=unfit)
attempt(codecs.register, unfit)
attempt(codecs.register_error, 'own', unfit)
attempt(concurrent.futures.ThreadPoolExecutor, 1, initializer=unfit)
attempt(weakref.finalize(unfit, unfit))
attempt(weakref.finalize(unfit, None))
attempt(processes.Finalize(None, unfit, exitpriority=1))
with concurrent.futures.ThreadPoolExecutor(1) as pool:
    print(pool.submit(unfit).exception())
loop = asyncio.new_event_loop()
loop.set_exception_handler(lambda loop, context: print(context['exception']))
loop.call_soon(unfit); loop.call_later(0, unfit); loop.call_later(0.01, loop.stop); loop.run_forever(); loop.close()

def own(given): return None
codecs.register(own)
codecs.unregister(own)
attempt(''.encode, 'no-such')
codecs.register_error('own', own)
print(codecs.lookup_error('own') is own)
if sys.version_info >= (3, 12):
    events = sys.monitoring
    events.use_tool_id(3, 'own')
    print(events.register_callback(3, events.events.LINE, own), events.register_callback(3, events.events.LINE, None) is own)
"""


def test_what_can_not_be_called_is_refused_as_ever(tmp_path, any_interpreter, twin_environments):
    """By whom it was handed to, or when it is called, and in the same words; and what is taken back is what was given."""
    environment = envs.copy(twin_environments(any_interpreter), tmp_path / "env")
    (environment.site_packages / "acme_evil.py").write_text(UNFIT)
    with worlds.furnished(tmp_path / "world", environment) as world:
        (world.project / "app.py").write_text(IMPORT)
        bare = guarded.run(world, [environment.python, "app.py"], mode=guarded.UNGUARDED)
        outcome = guarded.run(world, [environment.python, "app.py"], options=("--core", "c"))

    assert bare.stdout.count("TypeError") == 10, bare.story()
    assert outcome.stdout == bare.stdout, outcome.story()


def at_no_address(text):
    return re.sub("0x[0-9a-f]+", "0x", text)


def test_memory_does_not_grow_with_what_was_put_off(play):
    """A hundred thousand callbacks and two thousand threads of a package leave nothing behind."""
    lines, story = shown(
        play,
        "def act():\n"
        "    loop = asyncio.new_event_loop()\n"
        "    for turn in range(101):\n"
        "        for _ in range(1000): loop.call_soon(int)\n"
        "        loop.call_soon(loop.stop); loop.run_forever()\n"
        "        for _ in range(20):\n"
        "            thread = threading.Thread(target=int); thread.start(); thread.join()\n"
        "        if turn == 0: gc.collect(); before = sys.getallocatedblocks()\n"
        "    gc.collect()\n"
        "    print(sys.getallocatedblocks() - before < 1000)\n",
        "import acme_evil\nacme_evil.act()\n",
        seconds=60,
    )

    assert lines == ["True"], story


KEY = "KEY, LOOT = os.path.expanduser('~/.ssh/id_ed25519'), os.path.expanduser('~/loot')\n"


def test_what_the_application_put_off_is_not_lent_to_who_finds_it(play):
    """A package that calls by itself what the application has arranged is asked for its own authority."""
    outcome = play(
        FOUND + KEY + "threading.Thread(target=int).start()\n"
        "def act():\n"
        "    found = [info.func for info in weakref.finalize._registry.values() if info.func == shutil.copyfile]\n"
        "    print(len(found), type(found[0]) is Carried)\n"
        "    print(attempt(found[0], KEY, LOOT))\n",
        "import acme_evil, shutil, weakref\nweakref.finalize(acme_evil.victim, shutil.copyfile, __file__, 'copy').atexit = False\n"
        "acme_evil.act()\n",
    )

    assert outcome.stdout.splitlines()[:2] == ["1 True", "Denied"], outcome.story()
    assert outcome.decisions(capability="fs.read", owner="acme-evil", phase="run"), outcome.story()


def test_a_thread_of_c_code_is_judged_by_what_it_runs(play):
    """A thread that no Python code has started has no origin: a package's function in it is the package's."""
    outcome = play(
        FOUND + KEY + "import ctypes\n"
        "def steal(_):\n    print(attempt(shutil.copyfile, KEY, LOOT)); return 0\n"
        "START = ctypes.CFUNCTYPE(ctypes.c_void_p, ctypes.c_void_p)\n"
        "def act():\n"
        "    start, thread, libc = START(steal), ctypes.c_ulong(), ctypes.CDLL(None)\n"
        "    libc.pthread_create(ctypes.byref(thread), None, start, None)\n"
        "    libc.pthread_join(thread, None)\n",
        "import acme_evil\nacme_evil.act()\n",
        policy='version = 1\nextends = "recommended"\n[package.acme-evil]\nallow = ["native.load:**", "native.call:**"]\n',
    )

    assert outcome.stdout.splitlines() == ["Denied"], outcome.story()
    assert outcome.decisions(capability="fs.read", owner="acme-evil", phase="run"), outcome.story()


FOLDERS = [f"doomed-{number}" for number in range(200)]
# Cycles, which the collector finds while somebody else is at work: the guard too, which has much to do for denials.
GARBAGE = """
import functools, gc, os
HOME = os.path.expanduser('~')

def leave(name):
    class Doomed:
        __del__ = functools.partial(os.rmdir, HOME + '/' + name)
    doomed = Doomed()
    doomed.itself = doomed

def attempt():
    try: open(HOME + '/.ssh/id_ed25519')
    except PermissionError: pass

gc.collect()
for number, name in enumerate(NAMES):
    gc.disable()
    leave(name)
    gc.set_threshold(gc.get_count()[0] + number, 1, 1)
    gc.enable()
    attempt()
gc.collect()
"""


def test_a_finalizer_does_not_get_the_guards_own_authority(tmp_path, any_interpreter, twin_environments):
    """What the collector calls while the guard is at work is not taken for the guard's: no folder is removed."""
    environment = envs.copy(twin_environments(any_interpreter), tmp_path / "env")
    (environment.site_packages / "acme_evil.py").write_text(f"NAMES = {FOLDERS}\n{GARBAGE}")
    with worlds.furnished(tmp_path / "world", environment) as world:
        for name in FOLDERS:
            (world.home / name).mkdir()
        (world.project / "app.py").write_text(IMPORT)
        policy = 'version = 1\nextends = "recommended"\n[import]\ndeny = ["fs.write:~/doomed-*"]\n'
        outcome = guarded.run(world, [environment.python, "app.py"], policy=policy, options=("--core", "c"))
        left = len(list(world.home.glob("doomed-*")))

    assert outcome.decisions(capability="fs.read", owner="acme-evil", verdict="deny"), outcome.story()
    assert left == len(FOLDERS), outcome.story()


INTERRUPTING = """
import importguard.pinned as pinned, signal
got = []
def handler(*_):
    try: got.append(pinned.read_file(KEY))
    except PermissionError: pass
signal.signal(signal.SIGALRM, handler)
for turn in range(150):
    signal.setitimer(signal.ITIMER_REAL, 0.0001 + turn % 15 / 10000)
    try: open(KEY)
    except PermissionError: pass
    signal.setitimer(signal.ITIMER_REAL, 0)
print('GOT IT' if got else 'nothing')
"""


def test_a_handler_that_interrupts_the_guard_is_not_the_guard(play):
    """A signal that comes while the guard is at work gives its handler no way to read by the guard's own functions."""
    outcome = play(FOUND + KEY + INTERRUPTING, IMPORT)

    assert outcome.stdout == "nothing\n", outcome.story()


def test_what_codecs_and_monitoring_are_handed_comes_back_as_it_was(play):
    """A handler is found as the very function, a search ends when it is taken back, and a callback is given back."""
    lines, story = shown(
        play,
        "import codecs\nseen = []\nsearch = functools.partial(seen.append)\n"
        "codecs.register(search)\nprint(attempt(codecs.lookup, 'no-such'), seen)\n"
        "codecs.unregister(search)\nprint(attempt(codecs.lookup, 'no-such-2'), seen)\n"
        "def handle(error):\n    return '?', error.end\n"
        "for handler in (codecs.replace_errors, codecs.strict_errors, handle, functools.partial(handle)):\n"
        "    codecs.register_error('own', handler)\n"
        "    print(codecs.lookup_error('own') is handler, attempt('\\xe9'.encode, 'ascii', 'own'))\n"
        "if sys.version_info >= (3, 12):\n"
        "    monitoring = sys.monitoring\n    monitoring.use_tool_id(3, 'own')\n    append = functools.partial(print, flush=True)\n"
        "    print(monitoring.register_callback(3, monitoring.events.LINE, append),\n"
        "        monitoring.register_callback(3, monitoring.events.LINE, None) is append)\n"
        "else:\n    print('None True')\n",
    )

    assert lines == [
        "LookupError ['no_such']", "LookupError ['no_such']", "True b'?'", "True UnicodeEncodeError", "True b'?'", "True b'?'",
        "None True",
    ], story  # fmt: skip
