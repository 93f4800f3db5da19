"""Small programs that behave under the guard as they do without it; each was told from a test of CPython's own."""

import pytest
from support import guarded, worlds

LAST_OBJECTS = """
import sys

class Last:
    def __init__(self):
        self.itself = self
    def __del__(self):
        print("finalized", sys.version_info[0])

class Simple:
    def __del__(self):
        print("finalized as well")

last, simple = Last(), Simple()
print("started")
"""
ENVIRONMENT = """
import os, subprocess, sys

NAMES = ["PUT", "GONE", "FRUIT", "ITEM", "PYTHONPATH", "LAST"]
SAYS = "import os; print([os.environ.get(name) for name in %r], [name for name in os.environ if 'GUARD' in name], flush=True)" % NAMES
os.environ["GONE"] = "no"
os.putenv("PUT", "yes")
os.unsetenv("GONE")
os.environ["ITEM"] = "of the mapping"
def last(): os.putenv("LAST", "in the child"); os.environ["PYTHONPATH"] = "/nowhere"
sys.stdout.flush()
command = [sys.executable, "-c", SAYS]
subprocess.run(command)
subprocess.run([sys.executable, "-I", "-c", SAYS], preexec_fn=last)
subprocess.run(command, preexec_fn=last, env={"FRUIT": "apple"})
os.spawnv(os.P_WAIT, sys.executable, command)
subprocess.run(["/bin/sh", "-c", 'echo "$PUT" "$GONE" "$ITEM" "$LAST"'], preexec_fn=last)
os.system('echo "$PUT" "$GONE" "$ITEM"')
os.environ = {}
subprocess.run(command)
failed = "none"
def fails(): raise LookupError
try:
    subprocess.run(command, preexec_fn=fails)
except subprocess.SubprocessError as error:
    failed = error
print(failed)
"""
SUB_INTERPRETER = """
try:
    import _interpreters as interpreters
except ImportError:
    import _xxsubinterpreters as interpreters
import sys

SAYS = "import os, sys; print(sys.path, sorted(os.environ), sys.flags, flush=True)"
print("started", flush=True)
run = getattr(interpreters, "exec", interpreters.run_string)
print(run(interpreters.create(), SAYS))
"""
IN_CLASSES = """
import inspect, os, pickle, sys

class Starter:
    system, spawn, spawnp, put = os.system, os.posix_spawn, os.posix_spawnp, os.putenv
    def ends(self, pid):
        return os.waitpid(pid, 0)[1]

starter, shell = Starter(), ["/bin/sh", "-c", "exit 3"]
print(starter.put("LEFT", "right"), flush=True)
print(starter.system('echo "$LEFT"; exit 2'), [starter.ends(start(shell[0], shell, os.environ)) for start in (starter.spawn, starter.spawnp)])
for function in (os.system, os.execv):
    print(pickle.loads(pickle.dumps(function)) is function, function, function.__name__, function.__module__, function.__doc__)
    print(list(inspect.signature(function).parameters)[:1])
"""
FINDING = """
import importlib, os, subprocess, sys
from importlib import _bootstrap as bootstrap, _bootstrap_external as external
from pathlib import Path

room = Path("room")
room.mkdir(exist_ok=True)
for file in ("plain.py", "n\u00e4me.py", "a-b.c.py", "package/__init__.py"):
    room.joinpath(file).parent.mkdir(exist_ok=True)
    room.joinpath(file).touch()
asked = set()
ORIGINS = ("/a//b.py", "/b.py", "b.py", "a/b.py", "/a/.py", "/a/b.", "/a/b.pyw", "/a/b.c.py", "/a/b.pyc", "/a.py/b", "/a/b/", "")

class Made:
    def find_spec(name, path=None, target=None):
        if name.startswith("made "):
            spec = bootstrap.ModuleSpec(name, None, origin=ORIGINS[int(name[6:])])
            spec.has_location = name[5] == "+"
            return spec

def note(*what):
    asked.add(what)
    return what[-1]

def look(why):
    for folder in (str(room.absolute()), str(room.absolute()) + "//", "room", ""):
        sys.path[:1] = [folder]
        importlib.invalidate_caches()
        for module in ("plain", "n\u00e4me", "a-b.c", "package", "room.plain"):
            spec = bootstrap._find_spec(module, [folder])
            print(why, module, spec and (spec.origin, spec.cached, spec._cached))
    for module in ("math", "_thread", "zipimport", "__hello__", "missing", "sys", "_frozen_importlib_external"):
        spec = bootstrap._find_spec(module, None)
        print(why, module, spec and spec.origin)
    for module in (f"made {placed}{at}" for at in range(len(ORIGINS)) for placed in "+-"):
        spec = bootstrap._find_spec(module, None)
        print(why, module, spec.origin, spec.cached, spec._cached)
    print(sorted(asked))
    asked.clear()

sys.meta_path.append(Made)
look("as it is")
sys.pycache_prefix = "/elsewhere"
look("prefix")
sys.pycache_prefix = None
tag, sys.implementation.cache_tag = sys.implementation.cache_tag, "other"
look("tag")
sys.implementation.cache_tag = None
look("no tag")
sys.implementation.cache_tag = tag
of_source = external.cache_from_source
external.cache_from_source = lambda path: path + "?"
look("a function")
external.cache_from_source = of_source
code, external._get_cached.__code__ = external._get_cached.__code__, (lambda filename: "its own").__code__
look("code")
external._get_cached.__code__ = code
cached, bootstrap.ModuleSpec.cached = bootstrap.ModuleSpec.cached, property(lambda spec: "a property")
look("a property")
bootstrap.ModuleSpec.cached = cached
for finder in (bootstrap.BuiltinImporter, bootstrap.FrozenImporter):
    find = vars(finder)["find_spec"]
    finder.find_spec = classmethod(lambda cls, name, *rest, find=find.__func__: note(cls.__name__, name) and find(cls, name, *rest))
    look("a finder")
    finder.find_spec = find
    before, find.__func__.__code__ = find.__func__.__code__, (lambda cls, fullname, path=None, target=None: None).__code__
    look("a finder's code")
    find.__func__.__code__ = before
ask, bootstrap._imp.is_builtin = bootstrap._imp.is_builtin, lambda name: note(name, 0)
look("its function")
bootstrap._imp.is_builtin = ask
sys.meta_path.reverse()
look("in another order")
if not sys.flags.optimize:
    sys.stdout.flush()
    subprocess.run([sys.executable, "-O", "-c", PROGRAM])
"""
# A module's file is written by a descriptor that is open already, which nobody hears of, after it was found and before it is loaded.
REWRITING = """
import importlib.machinery, importlib.util, os, sys

os.mkdir(str(os.getpid()))
os.chdir(str(os.getpid()))
path = os.path.join(os.getcwd(), "rewritten.py")
fd = os.open(path, os.O_RDWR | os.O_CREAT)
sys.path.insert(0, os.getcwd())

def write(size):
    os.ftruncate(fd, os.pwrite(fd, b"SIZE = %d  # %s\\n" % (size, b"x" * size), 0))

def known(size):
    write(size)
    importlib.invalidate_caches()
    sys.modules.pop("rewritten", None)
    import rewritten
    del sys.modules["rewritten"]
    importlib.invalidate_caches()

def said(module):
    print(module.SIZE, os.path.exists(module.__cached__), flush=True)

known(10)
spec = importlib.util.find_spec("rewritten")
write(20)
module = importlib.util.module_from_spec(spec)
spec.loader.exec_module(module)
said(module)

class Between:
    @staticmethod
    def find_spec(name, path=None, target=None):
        spec = importlib.machinery.PathFinder.find_spec(name, path, target)
        if name == "rewritten":
            write(40)
        return spec

known(30)
sys.meta_path.insert(len(sys.meta_path) - 1, Between)
import rewritten
said(rewritten)
sys.meta_path.remove(Between)

class AtStart(importlib.machinery.SourceFileLoader):
    def __init__(self, name, path):
        super().__init__(name, path)
        if name == "rewritten":
            write(60)

known(50)
sys.path_hooks.insert(0, importlib.machinery.FileFinder.path_hook((AtStart, [".py"])))
sys.path_importer_cache.clear()
import rewritten
said(rewritten)
del sys.path_hooks[0]
sys.path_importer_cache.clear()

class Loader(importlib.machinery.SourceFileLoader):
    def create_module(self, spec):
        if spec.name == "rewritten":
            write(80)

known(70)
sys.path_hooks.insert(0, importlib.machinery.FileFinder.path_hook((Loader, [".py"])))
sys.path_importer_cache.clear()
import rewritten
said(rewritten)
"""
# What importlib is told of files, and what os.stat says of them.
LOOKING = r"""
import importlib._bootstrap_external as external, os, sys

def told(ask, path):
    try:
        result = ask(path)
    except Exception as error:
        return type(error), str(error), getattr(error, "filename", None), getattr(error, "errno", None)
    fields = {name: getattr(result, name) for name in dir(result) if name.startswith("st_")}
    return type(result), tuple(result), repr(result), fields, [type(value) for value in fields.values()]

os.mkdir(str(os.getpid()))
os.chdir(str(os.getpid()))
folder = os.getcwd()
os.symlink("nowhere", "dangling")
os.symlink(os.__file__, "link")
open("old", "w").close()
os.utime("old", ns=(-1_500_000_001, -1))
open("\u00e9", "w").close()
paths = [os.__file__, "/", "/dev/null", "/dev/zero", "/proc/self/exe", folder, "old", "link", "dangling", "\u00e9", "/nowhere", "/dev/null/x"]
paths += ["", "/" + "a" * 300, "/" * 5000, "nul\0byte", "\ud800", b"/", 0, 99, None]
for path in paths:
    if told(external._path_stat, path) != told(os.stat, path):
        print(path, told(external._path_stat, path), told(os.stat, path))
print(len(paths), "paths")
"""
PROGRAMS = {
    "it looks at what its finders find, and replaces them": "PROGRAM = " + repr(FINDING) + FINDING,
    "its modules are written between being found and being loaded": REWRITING,
    "its import system looks at files of all kinds": LOOKING,
    "its classes hold what starts programs": IN_CLASSES,
    "its last objects are finalized": LAST_OBJECTS,
    "its children have the environment that it gave them": ENVIRONMENT,
    "its sub-interpreters find the same as itself": SUB_INTERPRETER,
}


@pytest.fixture
def place(tmp_path, empty_environment):
    with worlds.furnished(tmp_path, empty_environment) as world:
        yield world


@pytest.mark.parametrize("core", ["c", "py"])
@pytest.mark.parametrize("program", PROGRAMS.values(), ids=PROGRAMS)
def test_a_program_of_which_a_guard_could_make_something_else(place, any_interpreter, program, core):
    """It says the same bare, observed and under recommended, and ends the same."""
    command = [any_interpreter.path, "-s", "-c", program]
    # The shell that starts the launcher sets PWD where it isn't set.
    variables = {"PYTHONPATH": "/nowhere", "PWD": str(place.project)}
    bare = guarded.run(place, command, mode=guarded.UNGUARDED, variables=variables)
    assert bare.returncode == 0 and bare.stdout, bare.story()

    for mode in (guarded.OBSERVE, guarded.RECOMMENDED):
        outcome = guarded.run(place, command, mode=mode, options=("--core", core), variables=variables)

        assert (outcome.stdout, outcome.returncode) == (bare.stdout, bare.returncode), f"{mode}: {outcome.story()}"
        armed = [record for record in outcome.records if record["event"] == "armed"]
        assert armed[0]["core"] == core, outcome.story()
