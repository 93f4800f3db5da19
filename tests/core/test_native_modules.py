"""What a module in C does by way of the interpreter while it is made and executed: nothing of Python's stands between it and the importer."""

import pytest
from support import envs, guarded, interpreters, wheels, worlds

HEAD = """
#include <Python.h>

static int act(void)
{
    PyObject *os = PyImport_ImportModule("os"), *tuple = Py_BuildValue("(ss)", "touch", "canary"), *environment = PyDict_New();
    PyObject *pid = PyObject_CallMethod(os, "posix_spawn", "sOO", "/bin/touch", tuple, environment);
    if (!pid) {
        PyErr_Clear();
        return 0;
    }
    PyObject_CallMethod(os, "waitpid", "Oi", pid, 0);
    return 0;
}
static PyObject *call(PyObject *self, PyObject *nothing)
{
    act();
    Py_RETURN_NONE;
}
static PyMethodDef methods[] = {{"act", call, METH_NOARGS, NULL}, {NULL}};
"""
EXECUTED = """
static int execute(PyObject *module) { return ACT; }
static PyModuleDef_Slot slots[] = {{Py_mod_exec, execute}, {0, NULL}};
static PyModuleDef definition = {PyModuleDef_HEAD_INIT, "NAME", NULL, 0, methods, slots};
PyMODINIT_FUNC PyInit_NAME(void) { return PyModuleDef_Init(&definition); }
"""
MADE = """
static PyModuleDef definition = {PyModuleDef_HEAD_INIT, "NAME", NULL, -1, methods};
PyMODINIT_FUNC PyInit_NAME(void) { ACT; return PyModule_Create(&definition); }
"""
WAYS = {"executed": HEAD + EXECUTED.replace("ACT", "act()"), "made": HEAD + MADE.replace("ACT", "act()")}
LATER = HEAD + EXECUTED.replace("ACT", "0")
END = "\nimport pathlib\nprint(pathlib.Path('canary').exists())\n"
PROGRAMS = {
    "alone": ("acme_native", "import acme_native"),
    "in a package": ("acme_package/_native", "import acme_package._native"),
    "of a name": ("acme_package/_native", "from acme_package import _native"),
    "by hand": (
        "acme_native",
        "import importlib.util\nspec = importlib.util.find_spec('acme_native')\nspec.loader.exec_module(importlib.util.module_from_spec(spec))",
    ),
}


@pytest.fixture
def perform(tmp_path):
    """A function that runs a program in an environment of an Interpreter that has a module in C, and returns the Outcome."""

    def run(interpreter, source, place, program, **options):
        environment = envs.create(tmp_path / "env", interpreter)
        files = {"acme_package/__init__.py": ""} if "/" in place else {}
        native = {place: source.replace("NAME", place.rpartition("/")[2])}
        envs.install(environment, wheels.Wheel("acme-native", "1.0", files, native=native), folder=tmp_path / "wheels")
        with worlds.furnished(tmp_path, environment) as world:
            (world.project / "app.py").write_text(program + END)
            return guarded.run(world, [environment.python, "app.py"], **options)

    return run


@pytest.mark.parametrize("program", PROGRAMS)
@pytest.mark.parametrize("way", WAYS)
def test_each_acts_without_the_guard(perform, way, program):
    """The control."""
    outcome = perform(interpreters.own(), WAYS[way], *PROGRAMS[program], mode=guarded.UNGUARDED)

    assert outcome.stdout == "True\n", outcome.story()


@pytest.mark.parametrize("program", PROGRAMS)
@pytest.mark.parametrize("way", WAYS)
def test_it_acts_as_what_is_imported(perform, any_interpreter, way, program):
    """It may what its distribution may while that is imported, and not what the importer may."""
    outcome = perform(any_interpreter, WAYS[way], *PROGRAMS[program], options=("--core", "c"))

    assert outcome.stdout == "False\n", outcome.story()
    found = {(record["owner"]["name"], record["phase"], record["module"]) for record in outcome.decisions(verdict="deny")}
    assert found == {("acme-native", "import", PROGRAMS[program][0].replace("/", "."))}


def test_what_it_does_when_it_is_called_is_not_its_import(perform, any_interpreter):
    """An import that is over is no part of what comes after it."""
    outcome = perform(any_interpreter, LATER, "acme_native", "import acme_native\nacme_native.act()", options=("--core", "c"))

    assert outcome.stdout == "True\n", outcome.story()
