"""What a package puts off and makes into something else afterwards, or finds that others have put off: it answers for what comes of it."""

import attempts
import pytest
from attempts import ACT, CALLED, IMPORTED, STACK, Attempt

RAN = "wrote:tmp/loot"
# Nothing that can be called, until its class gets a method; and a function of the library that does the deed.
LATER = STACK + """
close = functools.partial(shutil.copyfile, AWS, LOOT)

class Later:
    pass

later = Later()
"""
KEPT = "import weakref, shutil\n\nclass Kept:\n    pass\n\nkept = Kept()\n"
FIRST = "import {package}.{name} as package\n"
LOOP = "import asyncio\nasync def main():\n    import {package}.{name}\n    await asyncio.sleep(0.05)\nasyncio.run(main())\n"
POOL = (
    "import concurrent.futures\nwith concurrent.futures.ThreadPoolExecutor(1) as pool:\n    pool.submit(abs, 1).result()\n"
    "    import {package}.{name} as package\n    package.run(pool)\n"
)
NO_SUCH_CODEC = "try:\n    ''.encode('no-such')\nexcept (TypeError, LookupError, AttributeError):\n    pass\n"
NO_SUCH_CHARACTER = "try:\n    '\\xe9'.encode('ascii', 'own')\nexcept (TypeError, UnicodeError, AttributeError):\n    pass\n"
OUTERMOST = "frame = sys._getframe()\nwhile frame.f_back:\n    frame = frame.f_back\n"
# The exit of what weakref keeps, of the same code over other names.
OTHER_NAMES = """
import atexit, functools, types, weakref
class Own:
    _dirty = property(None, functools.partial(stack.__exit__, *[None] * (1 + (sys.version_info >= (3, 13)))))
    _shutdown = None

class Kept:
    pass

kept = Kept()
weakref.finalize(kept, int)
atexit.register(types.MethodType(types.FunctionType(weakref.finalize._exitfunc.__func__.__code__, {"finalize": Own()}), weakref.finalize))
"""
# A finder that does the deed, and is asked by hand.
FINDER = """
import importlib._bootstrap as bootstrap

class Finder:
    @staticmethod
    def find_spec(name, path=None, target=None):
        if name == 'no_such_thing':
            act()

sys.meta_path.append(Finder)

def __getattr__(name):
    if name != 'thing':
        raise AttributeError(name)
    bootstrap._find_spec('no_such_thing', None)
    return 1
"""
# Somebody else's work on the secret, which a policy allows; whoever finds it calls it with arguments of his own.
FOUND = "def find():\n    return [info.func for info in weakref.finalize._registry.values() if info.func == shutil.copyfile][0]\n"
OWN_FILE = (
    "import os, shutil, weakref\nTMP = os.environ['TMPDIR']\n\nclass Kept:\n    pass\n\nkept = Kept()\n\ndef arrange():\n"
    "    open(TMP + '/own', 'w').close()\n    weakref.finalize(kept, shutil.copyfile, TMP + '/own', TMP + '/copy')\n"
)
LENT = 'version = 1\nextends = "recommended"\n[package.acme-more]\n%s.allow = ["fs.read:$secrets"]\n'
AT_IMPORT = {"files": {"acme_more.py": OWN_FILE + "\narrange()\n"}, "policy": LENT % "import"}
AT_RUN = {"files": {"acme_more.py": OWN_FILE}, "policy": LENT % "run"}
SAVED = (
    "import os, signal\nold = signal.signal(signal.SIGUSR1, signal.SIG_DFL)\nsignal.signal(signal.SIGUSR1, old)\n"
    "try:\n    os.kill(os.getpid(), signal.SIGUSR1)\nexcept (TypeError, PermissionError):\n    pass\n"
)
LOOKED_UP = "import codecs\ncodecs.register_error('own', codecs.lookup_error('own'))\n"
# The code of the functions that the guard knows imports by.
SWAPPED = """
import _frozen_importlib as bootstrap
bootstrap._call_with_frames_removed.__code__ = bootstrap._call_with_frames_removed.__code__.replace()
"""
PATCHED = "import os, acme_more\nif acme_more.work() != 'own':\n    open(os.environ['TMPDIR'] + '/loot', 'w').close()\n"
TRIED = "try:\n    %sexcept PermissionError:\n    pass\n"
# Its code is swapped for the library's after it was handed over as the application's.
AS_THE_APPLICATIONS = """
import types
import __main__

def run(function):
    own = types.FunctionType(function.__code__, shutil.__dict__, 'own', (True,) * 8)
    own.__kwdefaults__ = {'follow_symlinks': True}
    weakref.finalize(kept, own, AWS, LOOT)
    own.__code__ = shutil.copyfile.__code__
"""


def patching(source, then="pass\n"):
    """Return an Attempt to change another package, which a rule refuses; `then` the application goes on."""
    rule = 'version = 1\nextends = "recommended"\n[import]\ndeny = ["runtime.patch:*"]\n'
    victim = {"acme_more.py": "def work():\n    return 'own'\n"}
    return Attempt("import acme_more\n" + source, RAN, app=TRIED % IMPORTED + TRIED % then + PATCHED, files=victim, policy=rule)


ANOTHERS = "import _frozen_importlib as bootstrap\nbootstrap._call_with_frames_removed(exec, %s, acme_more.__dict__)\n"
CHANGE = "acme_more.work = lambda: 'another'\n"
OF_THE_LIBRARY = """
import importlib.util, socket
socket.create_connection = lambda *given: None
import _frozen_importlib as bootstrap
bootstrap._call_with_frames_removed(exec, importlib.util.find_spec('colorsys').loader.get_code('colorsys'), socket.__dict__)
"""
SEEN = "import os, socket\nif socket.create_connection.__module__ != 'socket':\n    open(os.environ['TMPDIR'] + '/loot', 'w').close()\n"
PUT_OFF = {
    "finalizer_that_is_none_yet": Attempt(LATER + "import weakref\nweakref.finalize(stack, later)\nLater.__call__ = close\n"),
    "finalizer_that_is_none_yet_at_run_time": Attempt(
        LATER + "import weakref\ndef run():\n    weakref.finalize(stack, later)\n    Later.__call__ = close\n", app=CALLED
    ),
    "finalizer_of_processes_that_is_none_yet": Attempt(
        LATER + "import multiprocessing.util\nmultiprocessing.util.Finalize(None, later, exitpriority=1)\nLater.__call__ = close\n",
        app="import multiprocessing.util\n" + IMPORTED,
    ),
    "work_item_that_is_none_yet": Attempt(
        LATER + "import threading\ndef run(pool):\n    event = threading.Event()\n    pool.submit(event.wait)\n"
        "    future = pool.submit(later)\n    Later.__call__ = close\n    event.set()\n    future.exception()\n",
        app=POOL,
    ),
    "turn_of_a_loop_that_is_none_yet": Attempt(
        LATER + "import asyncio\nasyncio.get_running_loop().call_soon(later)\nLater.__call__ = close\n", app=LOOP
    ),
    "monitor_that_is_none_yet": Attempt(
        LATER + OUTERMOST + "if sys.version_info >= (3, 12):\n    events = sys.monitoring\n    events.use_tool_id(3, 'own')\n"
        "    events.register_callback(3, events.events.LINE, later)\n    Later.__call__ = of_two\n"
        "    events.set_local_events(3, frame.f_code, events.events.LINE)\nelse:\n    stack.close()\n",
        app=IMPORTED + "x = 1\ny = 2\n",
    ),
    "codec_of_another_code": Attempt(
        LATER + "import codecs\ndef search(encoding):\n    return None\n\ncodecs.register(search)\nlookup = of_one\n"
        "search.__code__ = codecs.getencoder.__code__\n",
        app=IMPORTED + NO_SUCH_CODEC,
    ),
    "handler_of_errors_of_another_code": Attempt(
        LATER + "import codecs\ndef search(error):\n    return None\n\ncodecs.register_error('own', search)\nlookup = of_one\n"
        "search.__code__ = codecs.getencoder.__code__\n",
        app=IMPORTED + NO_SUCH_CHARACTER,
    ),
    "handler_of_errors_that_was_looked_up": Attempt(
        LATER + "import codecs\ncodecs.register_error('own', of_one)\n", app=IMPORTED + LOOKED_UP + NO_SUCH_CHARACTER
    ),
    "function_of_the_applications_of_another_code": Attempt(
        KEPT + AS_THE_APPLICATIONS, app=FIRST + "def function(src, dst, *, follow_symlinks=True):\n    pass\n\npackage.run(function)\n"
    ),
    "exit_of_finalizers_over_other_names": Attempt(LATER + OTHER_NAMES),
    "finder_that_is_asked_by_hand": Attempt(ACT + FINDER, RAN, app="from {package}.{name} import thing\n"),
    "finalizer_by_its_init": Attempt(
        KEPT + "own = weakref.finalize.__new__(weakref.finalize)\nweakref.finalize.__init__(own, kept, shutil.copyfile, AWS, LOOT)\n"
    ),
    "finalizer_of_a_class_of_ones_own": Attempt(
        KEPT + "class Own(weakref.finalize):\n    __slots__ = ()\n\n    def __init__(self, kept, function, one, two):\n"
        "        super().__init__(kept, function, one, two)\n\nOwn(kept, shutil.copyfile, AWS, LOOT)\n"
    ),
    "initializer_of_a_class_of_ones_own": Attempt(
        "import shutil\nfrom concurrent.futures import ThreadPoolExecutor\n\nclass Pool(ThreadPoolExecutor):\n"
        "    def __init__(self, function, arguments):\n        super().__init__(1, initializer=function, initargs=arguments)\n\n"
        "pool = Pool(shutil.copyfile, (AWS, LOOT))\n",
        app=FIRST + "try:\n    package.pool.submit(abs, 1).result()\nexcept Exception:\n    pass\n",
    ),
    "work_item_of_a_class_of_ones_own": Attempt(
        "import concurrent.futures.thread as futures\nimport shutil\n\nclass Own(futures._WorkItem):\n    def __init__(self, one, two, three, four):\n"
        "        super().__init__(one, two, three, four)\n\ndef run(pool):\n"
        "    pool._work_queue.put(Own(futures._base.Future(), shutil.copyfile, (AWS, LOOT), {}))\n    pool.submit(abs, 1).result()\n",
        app=POOL,
    ),
    "anothers_work_while_it_is_imported": Attempt(
        KEPT + FOUND + "import acme_more\nfind()(AWS, LOOT)\n", app="import acme_more\n" + IMPORTED, **AT_IMPORT
    ),
    "anothers_work_of_its_import": Attempt(
        KEPT + FOUND + "def run():\n    find()(AWS, LOOT)\n", app="import acme_more\n" + CALLED, **AT_IMPORT
    ),
    "anothers_work_of_its_run_time": Attempt(
        KEPT + FOUND + "def run():\n    find()(AWS, LOOT)\n", app="import acme_more\nacme_more.arrange()\n" + CALLED, **AT_RUN
    ),
    "anothers_work_of_its_run_time_while_it_is_imported": Attempt(
        KEPT + FOUND + "find()(AWS, LOOT)\n", app="import acme_more\nacme_more.arrange()\n" + IMPORTED, **AT_RUN
    ),
    "handler_that_was_saved": Attempt(LATER + "import signal\nsignal.signal(signal.SIGUSR1, of_two)\n", app=IMPORTED + SAVED),
    "change_by_itself": patching(CHANGE),
    "change_by_another_module": patching("", "import {package}.changing\n"),
    "change_by_another_module_without_bodies": patching(SWAPPED, "import {package}.changing\n"),
    "change_before_anothers_body": patching(CHANGE + ANOTHERS % "compile('', 'x', 'exec')"),
    "change_after_anothers_body": patching(ANOTHERS % "compile('', 'x', 'exec')" + CHANGE),
    "change_after_a_body_of_the_librarys": patching(
        CHANGE + "import importlib.util\n" + ANOTHERS % "importlib.util.find_spec('colorsys').loader.get_code('colorsys')"
    ),
    "change_of_the_library_before_a_body_of_its": patching(OF_THE_LIBRARY, SEEN.replace("\n", "\n    ").rstrip(" ")),
}
WITH_HEAD = {name: attempts.with_head(each) for name, each in PUT_OFF.items()}
CHANGING = {"acme_off/changing.py": "import acme_more\n" + CHANGE}


@pytest.fixture(scope="session")
def room(tmp_path_factory):
    """The Room of one distribution that has a module for each."""
    return attempts.Room("acme_off", WITH_HEAD, tmp_path_factory.mktemp("off"), CHANGING)


@pytest.mark.parametrize("name", PUT_OFF)
def test_what_is_put_off_reaches_its_target_unguarded(name, room, interpreter, tmp_path):
    """The control: without the guard it does what it is there for."""
    attempts.assert_works(room, name, interpreter, tmp_path)


@pytest.mark.parametrize("name", PUT_OFF)
def test_what_is_put_off_is_stopped(name, room, any_interpreter, tmp_path, request):
    """Under `recommended` it isn't done."""
    attempts.assert_stopped(room, name, any_interpreter, tmp_path, request)
