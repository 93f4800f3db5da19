"""Native code that Python calls while a package is imported: by name, by address, by what somebody else looked up."""

import tomllib
from pathlib import Path

import pytest
from support import envs, guarded, wheels, worlds

import importguard

NATIVE = r"""
import ctypes, os, sys
from _ctypes import call_function

TMP = os.environ["TMPDIR"]
CREATE = os.O_WRONLY | os.O_CREAT
library = ctypes.CDLL(None)


def address(name):
    return ctypes.cast(library[name], ctypes.c_void_p).value


def path(name):
    return os.fsencode(TMP + "/" + name)


def by_name():
    library.open(path("by_name"), CREATE, 0o600)


def by_item():
    library["open"](path("by_item"), CREATE, 0o600)


def by_data():
    function = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_char_p, ctypes.c_int, ctypes.c_int)
    place = ctypes.addressof(ctypes.c_char.in_dll(library, "open"))
    function(place)(path("by_data"), CREATE, 0o600)


def by_another_name():
    library.__getattr__("__open64")(path("by_another_name"), CREATE, 0o600)


def by_address():
    function = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_char_p, ctypes.c_int, ctypes.c_int)
    function(address("__open64"))(path("by_address"), CREATE, 0o600)


def by_memory():
    function = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_char_p, ctypes.c_int, ctypes.c_int)
    place = ctypes.c_void_p(address("__open64"))
    function.from_buffer(place)(path("by_memory"), CREATE, 0o600)


def by_the_type():
    found = library.__getattr__("__open64")
    type(found).__mro__[1].__call__(found, path("by_the_type"), CREATE, 0o600)


def by_call_function():
    call_function(address("__open64"), (path("by_call_function"), CREATE, 0o600))


def by_what_was_lent():
    os.lent(path("by_what_was_lent"), CREATE, 0o600)


def by_tcl():
    import tkinter
    tkinter.Tcl().eval("close [open %s/by_tcl w]" % TMP)


def by_sub_interpreter():
    try:
        import _interpreters as interpreters
    except ImportError:
        import _xxsubinterpreters as interpreters
    there = interpreters.create()
    interpreters.run_string(there, "open(%r, 'w')" % (TMP + "/by_sub_interpreter"))


def by_tests_of_cpython():
    import _testcapi
    open(TMP + "/by_tests_of_cpython", "w")


ALL = [value for name, value in list(globals().items()) if name.startswith("by_")]
for attempt in ALL:
    try:
        attempt()
    except ImportError:
        print("missing", attempt.__name__)
    except (PermissionError, RuntimeError):
        pass
"""
HARMLESS = r"""
import ctypes, ctypes.util, _ctypes
library = ctypes.CDLL(None)
library.strlen.restype = ctypes.c_size_t
COMPARE = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_int), ctypes.POINTER(ctypes.c_int))
values = (ctypes.c_int * 3)(3, 1, 2)
library.qsort(values, 3, 4, COMPARE(lambda a, b: a[0] - b[0]))
size = ctypes.pythonapi.PyTuple_Size
size.argtypes = [ctypes.py_object]
mathematics = ctypes.CDLL(ctypes.util.find_library("m") or "libm.so.6")
mathematics.cos.restype = ctypes.c_double
print(library.strlen(b"four"), list(values), size((1, 2)), mathematics.cos(ctypes.c_double(0.0)))
"""
APP = "import ctypes, os\nos.lent = ctypes.CDLL(None).open\nimport acme_native\n"


@pytest.fixture(scope="session")
def native_environments(tmp_path_factory):
    """Return a function that gives an environment of an Interpreter with both packages in it; built once."""
    kept = {}

    def environment(interpreter):
        if interpreter.tag not in kept:
            folder = tmp_path_factory.mktemp(interpreter.tag)
            made = envs.create(folder / "env", interpreter)
            modules = {"acme_native.py": NATIVE, "acme_harmless.py": HARMLESS}
            envs.install(made, wheels.Wheel("acme-native", "1.0", modules), folder=folder / "wheels")
            kept[interpreter.tag] = made
        return kept[interpreter.tag]

    return environment


@pytest.fixture
def perform(tmp_path, any_interpreter, native_environments):
    """A function that runs an application and returns the Outcome and the files that came to be in TMPDIR."""

    def run(mode, app):
        environment = native_environments(any_interpreter)
        with worlds.furnished(tmp_path, environment) as world:
            (world.project / "app.py").write_text(app)
            options = () if mode == guarded.UNGUARDED else ("--core", "c")
            outcome = guarded.run(world, [environment.python, "app.py"], mode=mode, options=options)
            return outcome, {path.name for path in world.temporary.iterdir() if path.name.startswith("by_")}

    return run


def test_each_way_leads_there_without_the_guard(perform):
    """The control: every way makes its file, but for a module that isn't there."""
    outcome, made = perform(guarded.UNGUARDED, APP)

    missing = {line.split()[1] for line in outcome.stdout.splitlines() if line.startswith("missing")}
    assert len(made | missing) == 12, outcome.story()
    assert len(missing) < 3


def test_no_way_leads_there_while_a_package_is_imported(perform):
    """Under the recommended preset each is a `native.call` that is refused."""
    outcome, made = perform(guarded.RECOMMENDED, APP)

    assert made == set(), outcome.story()
    refused = {record["target"] for record in outcome.decisions(capability="native.call", owner="acme-native")}
    assert {"open", "_interpreters"} <= refused or {"open", "_xxsubinterpreters"} <= refused, outcome.story()


def test_observing_lets_each_way_through(perform):
    """Observing refuses nothing, and names what would be refused."""
    outcome, made = perform(guarded.OBSERVE, APP)
    _, without = perform(guarded.UNGUARDED, APP)

    assert made == without, outcome.story()
    assert outcome.decisions(capability="native.call", owner="acme-native", verdict="log"), outcome.story()


@pytest.mark.parametrize(
    "app", ["import acme_harmless\n", APP.replace("import acme_native", "os.lent(b'/dev/null', 0)")]
)
def test_harmless_calls_and_the_application_are_left_alone(perform, app):
    """Symbols that reach nothing are a package's to call at import, and the application calls what it likes."""
    bare, _ = perform(guarded.UNGUARDED, app)
    outcome, _ = perform(guarded.RECOMMENDED, app)

    assert (outcome.returncode, outcome.stdout) == (0, bare.stdout), outcome.story()
    assert not outcome.decisions(verdict="deny"), outcome.story()


def test_the_preset_names_what_the_core_knows_by_address():
    """A symbol that is known by its address is refused by its name as well."""
    ccore = pytest.importorskip("importguard.core.ccore", reason="the C core is not built")
    preset = Path(importguard.__file__).parent / "policy/presets/recommended.toml"
    refused = tomllib.loads(preset.read_text())["import"]["deny"]

    assert {f"native.call:{name}" for name in ccore.native_symbols()} <= set(refused)
