"""Ways around the core in C, thought up against its own code: how it knows the program, files, frames and threads."""

import attempts
import pytest
from attempts import CALLED, EVERYWHERE, HEAD, IMPORTED, Attempt

STARTUP = {"zz_more.pth": "import acme_more\n"}
NOTHING = "print('app done')\n"
# Writes bytecode of its own for a module of the project.
POISON = """
import importlib.util, _frozen_importlib_external as external

def poison():
    source = os.getcwd() + "/extra.py"
    status, place = os.stat(source), importlib.util.cache_from_source(source)
    os.makedirs(os.path.dirname(place), exist_ok=True)
    with open(place, "wb") as file:
        file.write(external._code_to_timestamp_pyc(compile(COPY, source, "exec"), int(status.st_mtime), status.st_size))

"""
# Builtins put together: something that can be called, or asked for an attribute, and runs code with no frame below it.
FRAMELESS = """
import shutil
from functools import partial

def act():
    shutil.copyfile(AWS, LOOT)

def frameless(name):
    run = property(partial(exec, act.__code__, {"AWS": AWS, "LOOT": LOOT, "shutil": shutil}))
    return type("Frameless", (), {name: run, "__getitem__": dict.__getitem__})
"""
# Something of the standard library that can be called with up to three arguments and does the deed.
STACK = """
import contextlib, functools, shutil
stack = contextlib.ExitStack()
stack.callback(shutil.copyfile, AWS, LOOT)
of_two = functools.partial(stack.__exit__, *[None] * (1 + (sys.version_info >= (3, 13))))
"""
# Copies what the core keeps with code, by the interpreter's own functions, from the program's to the package's.
TAGGED = """
import ctypes
api, program, value = ctypes.pythonapi, sys._getframe(), ctypes.c_void_p()
get, put = (("_PyCode_GetExtra", "_PyCode_SetExtra") if sys.version_info < (3, 12) else ("PyUnstable_Code_GetExtra", "PyUnstable_Code_SetExtra"))
while program.f_back:
    program = program.f_back
try:
    for index in map(ctypes.c_ssize_t, range(8)):
        api[get](ctypes.py_object(program.f_code), index, ctypes.byref(value))
        getattr(api, put)(ctypes.py_object(steal.__code__), index, value)
except SystemError:
    pass
steal()
"""
# Opens the file in a state of threads that has no frames.
SWAPPED = """
import ctypes
api = ctypes.pythonapi
for name in ("PyThreadState_New", "PyThreadState_Swap", "PyInterpreterState_Get"):
    api[name].restype = ctypes.c_void_p
new, swap = api["PyThreadState_New"], api["PyThreadState_Swap"]
new.restype = swap.restype = ctypes.c_void_p
new.argtypes = swap.argtypes = [ctypes.c_void_p]
get = api["PyInterpreterState_Get"]
get.restype = ctypes.c_void_p
def act():
    old = swap(state)
    try:
        return opens(AWS, 0)
    finally:
        swap(old)

opens, state = os.open, new(get())
fd = act()
open(LOOT, "wb").write(os.read(fd, 4096))
"""
REFUSING = 'version = 1\nextends = "recommended"\nstartup-files = "refuse"\n'


def at_startup(source):
    """Return the files of a distribution whose start-up file runs `source`."""
    return {**STARTUP, "acme_more.py": HEAD + source}


INVENTIONS = {
    "owner_copied_from_the_program": Attempt(TAGGED),
    "owner_copied_by_what_the_application_has_looked_up": Attempt(
        TAGGED,
        app="import ctypes, sys\nctypes.pythonapi._PyCode_SetExtra if sys.version_info < (3, 12) else ctypes.pythonapi.PyUnstable_Code_SetExtra\n"
        + IMPORTED,
    ),
    "state_of_a_thread_that_is_swapped": Attempt(SWAPPED),
    "loader_of_the_program_made_of_builtins": Attempt(
        "",
        app=NOTHING,
        files=at_startup(
            FRAMELESS
            + "import _frozen_importlib_external as external\nexternal.SourceFileLoader = frameless('__init__')\n"
        ),
    ),
    "loader_of_the_module_that_is_run": Attempt(
        "",
        app=NOTHING,
        command=("-m", "app"),
        files=at_startup(
            """
from importlib.machinery import ModuleSpec
class Loader:
    create_module = exec_module = lambda *arguments: None
    def get_code(self, name):
        return compile(COPY, "app.py", "exec")

class Finder:
    @staticmethod
    def find_spec(name, path=None, target=None):
        return ModuleSpec(name, Loader(), origin=os.getcwd() + "/app.py") if name == "app" else None

sys.meta_path.insert(0, Finder)
"""
        ),
    ),
    "own_file_for_the_module_that_is_run": Attempt(
        "",
        app=NOTHING,
        command=("-m", "app"),
        files={
            **at_startup(
                """
import importlib.util
class Finder:
    @staticmethod
    def find_spec(name, path=None, target=None):
        place = os.path.dirname(__file__) + "/acme_more_program.py"
        return importlib.util.spec_from_file_location(name, place) if name == "app" else None

sys.meta_path.insert(0, Finder)
"""
            ),
            "acme_more_program.py": HEAD + "steal()\n",
        },
    ),
    "program_that_is_written_before_it_is_read": Attempt(
        "", app=NOTHING, files=at_startup("if sys.orig_argv[-1] == 'app.py':\n    open('app.py', 'w').write(COPY)\n")
    ),
    "prompt_of_an_interactive_session": Attempt(
        FRAMELESS + "sys.ps1 = frameless('__str__')()\n", command=("-i", "app.py")
    ),
    "startup_file_by_way_of_the_standard_library": Attempt(
        "import site\nlibrary = os.path.dirname(os.__file__)\nopen(TMP + '/more.pth', 'w').write(COPY)\n"
        "site.addpackage(library + '/..' * library.count('/') + TMP, 'more.pth', set())\n"
    ),
    "archive_that_is_put_into_the_project": Attempt(
        "import zipfile\nwith zipfile.ZipFile('more.zip', 'w') as archive:\n    archive.writestr('zipped.py', COPY)\n"
        "sys.path.insert(0, os.getcwd() + '/more.zip')\nimport zipped\n"
    ),
    "folder_that_is_linked_into_the_project": Attempt(
        "os.mkdir(TMP + '/linked')\nopen(TMP + '/linked/__init__.py', 'w').write(COPY)\n"
        "os.symlink(TMP + '/linked', 'linked')\nsys.path.insert(0, os.getcwd())\nimport linked\n"
    ),
    "bytecode_of_a_module_of_the_project": Attempt(
        POISON + "poison()\n", app=IMPORTED + "import extra\n", project={"extra.py": "x = 1\n"}
    ),
    "bytecode_that_a_child_reads": Attempt(
        POISON + "run = poison\n",
        app=CALLED + "import subprocess, sys\nsubprocess.run([sys.executable, 'second.py'])\n",
        project={"extra.py": "x = 1\n", "second.py": "import extra\n"},
    ),
    "code_made_in_a_frame_of_the_import_system": Attempt(
        """
import collections, operator, _frozen_importlib_external as external
from functools import partial
source = os.getcwd() + "/extra.py"
with open(source, "rb") as file:
    data = file.read()
own, made = compile(COPY, source, "exec"), []
steps = map(made.append, map(operator.call, [partial(sys.audit, "compile", data, source), own.replace]))
class Quiet(int):
    __call__ = property(partial(collections.deque, steps))

external.compile = Quiet()
try:
    external.SourceFileLoader("extra", source).source_to_code(data, source)
except TypeError:
    pass
del external.compile
exec(made[1])
""",
        project={"extra.py": "x = 1\n"},
    ),
    "link_to_the_project_that_leads_elsewhere_by_then": Attempt(
        """
import _frozen_importlib_external as external
place = TMP + "/bent.py"
def load():
    exec(external.SourceFileLoader("bent", place).get_code("bent"), {})

os.symlink(os.getcwd() + "/extra.py", place)
load()
os.unlink(place)
with open(place, "w") as file:
    file.write(COPY + "\\n")
load()
""",
        project={"extra.py": "x = 1\n"},
    ),
    "link_that_is_bent_to_the_project_before_its_code_runs": Attempt(
        """
import _frozen_importlib_external as external
place = TMP + "/bent.py"
with open(TMP + "/own.py", "w") as file:
    file.write(COPY + "\\n")
os.symlink(TMP + "/own.py", place)
code = external.SourceFileLoader("bent", place).get_code("bent")
os.unlink(place)
os.symlink(os.getcwd() + "/extra.py", place)
exec(code, {})
""",
        project={"extra.py": "x = 1\n"},
    ),
    "namespace_named_site": Attempt(
        "space = {'__name__': 'site'}\nexec('def read(path): return open(path).read()', space)\n"
        "open(LOOT, 'w').write(space['read'](AWS))\n",
        policy=REFUSING,
    ),
    "text_of_an_annotation": Attempt(
        "class Settings:\n    pass\n\n"
        "Settings.__annotations__ = {'place': f\"type(__import__('shutil').copyfile({AWS!r}, {LOOT!r}))\"}\n",
        app="import typing, {package}.{name} as package\ntyping.get_type_hints(package.Settings)\n",
        open_on=EVERYWHERE,
        section="what-tags-on-code-believe",
    ),
    "interpreter_for_hire": Attempt(
        "import cProfile, code, contextlib, doctest, io, runpy, timeit, trace\n"
        "open(TMP + '/hired.py', 'w').write(COPY)\n"
        "for hire in (\n"
        "    lambda: timeit.timeit(COPY, number=1),\n"
        "    lambda: code.InteractiveInterpreter({'__name__': '__main__'}).runsource(COPY, symbol='exec'),\n"
        "    lambda: cProfile.runctx(COPY, sys.modules['__main__'].__dict__, {}),\n"
        "    lambda: trace.Trace(count=0, trace=0).runctx(COPY, sys.modules['__main__'].__dict__, {}),\n"
        "    lambda: runpy.run_path(TMP + '/hired.py', run_name='__main__'),\n"
        "    lambda: doctest.run_docstring_examples('>>> ' + COPY.replace('; ', '\\n>>> '), {}),\n"
        "):\n"
        "    with contextlib.suppress(OSError, SystemExit), contextlib.redirect_stdout(io.StringIO()):\n"
        "        hire()\n",
    ),
    "generator_that_the_application_resumes": Attempt(
        "def read():\n    yield steal()\n", app="import {package}.{name} as package\nnext(package.read())\n"
    ),
    "descriptor_that_the_application_reads": Attempt(
        "class Settings:\n    place = property(lambda self: steal())\n",
        app="import {package}.{name} as package\npackage.Settings().place\n",
    ),
    "coroutine_that_the_application_awaits": Attempt(
        "async def read():\n    steal()\n",
        app="import asyncio, {package}.{name} as package\nasyncio.run(package.read())\n",
    ),
    "call_by_sys_call_tracing": Attempt("import shutil\nsys.call_tracing(shutil.copyfile, (AWS, LOOT))\n"),
    "reduction_of_a_pickle": Attempt(
        "class Settings:\n    def __reduce__(self):\n        return (exec, (COPY,))\n",
        app="import pickle, {package}.{name} as package\npickle.loads(pickle.dumps(package.Settings()))\n",
        open_on=EVERYWHERE,
        section="what-tags-on-code-believe",
    ),
    "worker_that_unpickles": Attempt(
        """
class Settings:
    def __reduce__(self):
        return (exec, (COPY,))

def run():
    import multiprocessing
    worker = multiprocessing.get_context("spawn").Process(target=print, args=(Settings(),))
    worker.start()
    worker.join()
""",
        app="if __name__ == '__main__':\n    import {package}.{name} as package\n    package.run()\n",
    ),
    "handler_of_a_log": Attempt(
        STACK + "import logging, types\n"
        "logging.root.addHandler(types.SimpleNamespace(level=0, handle=functools.partial(stack.__exit__, None, None)))\n",
        app=IMPORTED + "import logging\nlogging.error('hello')\n",
        open_on=EVERYWHERE,
        section="callbacks-made-of-builtins",
    ),
    "reference_that_dies": Attempt(
        STACK + "import weakref\nkept = []\n\ndef watch(value):\n"
        "    kept.append(weakref.ref(value, functools.partial(stack.__exit__, None, None)))\n",
        app="import {package}.{name} as package\nclass Own: pass\nown = Own()\npackage.watch(own)\ndel own\n",
        open_on=EVERYWHERE,
        section="callbacks-made-of-builtins",
    ),
    "callback_of_the_collector": Attempt(
        STACK + "import gc\n\ndef run():\n    gc.callbacks.append(of_two)\n",
        app=CALLED + "import gc\ngc.collect()\n",
        open_on=EVERYWHERE,
        section="callbacks-made-of-builtins",
    ),
    "audit_hook_made_of_builtins": Attempt(
        STACK + "\ndef run():\n    sys.addaudithook(of_two)\n",
        app=CALLED + "open('app.py').close()\n",
        open_on=EVERYWHERE,
        section="callbacks-made-of-builtins",
    ),
    "hook_for_exceptions": Attempt(
        STACK + "sys.excepthook = stack.__exit__\n",
        app=IMPORTED + "raise ValueError\n",
        open_on=EVERYWHERE,
        section="callbacks-made-of-builtins",
    ),
    "thread_that_nobody_started": Attempt(
        "import _testcapi, functools, shutil\n"
        "_testcapi.call_in_temporary_c_thread(functools.partial(shutil.copyfile, AWS, LOOT))\n",
    ),
    "module_put_into_anothers_folder": Attempt(
        "import acme_more\nplace = os.path.dirname(acme_more.__file__)\n"
        "open(place + '/extra.py', 'w').write('def act():\\n    ' + COPY + '\\n')\n"
        "import acme_more.extra\nacme_more.extra.act()\n",
        files={"acme_more/__init__.py": "import os\n"},
        policy='version = 1\nextends = "recommended"\n[package.acme-more]\nimport.allow = ["fs.read:$secrets"]\n',
    ),
    "environment_of_an_own_child": Attempt(
        "import subprocess\n\ndef run():\n"
        "    subprocess.run([sys.executable, '-c', COPY], env={'_IMPORTGUARD': 'none', 'IMPORTGUARD': 'off'})\n",
        app=CALLED,
    ),
}
WITH_HEAD = {name: attempts.with_head(invention) for name, invention in INVENTIONS.items()}


@pytest.fixture(scope="session")
def room(tmp_path_factory):
    """The Room of one distribution that has a module for each."""
    return attempts.Room("acme_inventor", WITH_HEAD, tmp_path_factory.mktemp("inventor"))


@pytest.mark.parametrize("name", INVENTIONS)
def test_invention_reaches_its_target_unguarded(name, room, interpreter, tmp_path):
    """The control: without the guard it does what it is there for."""
    attempts.assert_works(room, name, interpreter, tmp_path)


@pytest.mark.parametrize("name", INVENTIONS)
def test_invention_is_stopped(name, room, any_interpreter, tmp_path, request):
    """Under `recommended`, or the policy that it is about, it doesn't."""
    attempts.assert_stopped(room, name, any_interpreter, tmp_path, request)
