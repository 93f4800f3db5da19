/* The modules that were there before the guard: nobody could tag their code when it was loaded. Twin: owner_of_globals in
 * identity.py, which is asked again and again where this looks once. */
#include "owners.h"

#include <string.h>

/* Return the file that a module says it comes from (new reference), NULL, with no exception, where it says none. */
static PyObject *
file_of(PyObject *namespace)
{
    PyObject *file = PyDict_GetItemString(namespace, "__file__"), *spec, *origin;
    if (file && PyUnicode_CheckExact(file)) {
        return Py_NewRef(file);
    }
    spec = PyDict_GetItemString(namespace, "__spec__");
    origin = spec ? PyObject_GetAttrString(spec, "origin") : NULL;
    PyErr_Clear();
    if (origin && !PyUnicode_CheckExact(origin)) {
        Py_CLEAR(origin);
    }
    return origin;
}

static bool
is_import_library(PyObject *namespace)
{
    PyObject *name = PyDict_GetItemString(namespace, "__name__");
    const char *text = name && PyUnicode_CheckExact(name) ? PyUnicode_AsUTF8(name) : NULL;
    PyErr_Clear();
    return text && (strncmp(text, "importlib._bootstrap", 20) == 0 || strncmp(text, "_frozen_importlib", 17) == 0);
}

static int
sweep_owned(PyObject *namespace, OwnerId owner)
{
    if (owner == OWNER_STDLIB) {
        return tags_sweep(namespace, TAG_OF(STDLIB_PLACE));
    }
    bool is_app = owner_text(owner).kind == KIND_APP;
    size_t place = place_new(is_app ? APPLICATION : owner_runs_others(owner) ? RUNNER : OWNED, NULL, owner);
    return place ? tags_sweep(namespace, TAG_OF(place)) : -1;
}

static int
sweep_file(PyObject *namespace, PyObject *file)
{
    PyObject *keeper;
    Text text;
    Buffer real;
    if (text_of_name(file, &text, &keeper) < 0) {
        return -1;
    }
    buffer_start(&real);
    int result = paths_resolve(text, WORKING_FOLDER, &real);
    result = result < 0 ? -1 : sweep_owned(namespace, owner_of_path(buffer_text(&real)));
    buffer_end(&real);
    Py_XDECREF(keeper);
    return result;
}

static int
sweep_others(PyObject *name, PyObject *namespace)
{
    PyObject *file = file_of(namespace);
    int result = 0;
    if (file && PyUnicode_CompareWithASCIIString(file, "built-in") == 0) {
        /* Whatever is written in Python there is somebody else's. */
    }
    else if ((file && PyUnicode_CompareWithASCIIString(file, "frozen") == 0)
             || PyUnicode_CompareWithASCIIString(name, "zipimport") == 0 || (!file && is_import_library(namespace))) {
        result = sweep_owned(namespace, OWNER_STDLIB);
    }
    else if (file) {
        result = sweep_file(namespace, file);
    }
    Py_XDECREF(file);
    return result;
}

static int
sweep_module(PyObject *name, PyObject *namespace)
{
    const char *text = PyUnicode_AsUTF8(name);
    if (!text) {
        PyErr_Clear(); /* a lone surrogate: the name is neither of these */
        text = "";
    }
    if (strcmp(text, "importguard") == 0 || strncmp(text, "importguard.", 12) == 0) {
        return tags_sweep(namespace, TAG_OF(GUARD_PLACE));
    }
    return strcmp(text, "__main__") == 0 ? sweep_owned(namespace, OWNER_APP) : sweep_others(name, namespace);
}

/* Tag the program's own body where it is being executed already: that code is in no module's namespace. */
static int
sweep_program(PyObject *modules)
{
    PyObject *program = PyDict_GetItemString(modules, "__main__");
    PyObject *namespace = program && PyModule_CheckExact(program) ? PyModule_GetDict(program) : NULL;
    Cursor cursor;
    int result = 0;
    for (cursor_start(&cursor, NULL); namespace && result == 0 && cursor.code; cursor_back(&cursor)) {
        PyObject *globals = cursor_globals(&cursor);
        if (globals == namespace) {
            result = tag_set_untagged(cursor.code, TAG_OF(MAIN_PLACE));
        }
        Py_XDECREF(globals);
    }
    cursor_end(&cursor);
    return result;
}

/* Tag what the modules have by now, and what `base` has, the namespace that has loaded the guard, None for none; returns 0,
 * or -1 with an exception set. */
int
loaded_sweep(PyObject *base)
{
    PyObject *modules = PyImport_GetModuleDict(), *copy = modules ? PyDict_Copy(modules) : NULL, *name, *module;
    Py_ssize_t at = 0;
    int result = copy && PyDict_CheckExact(base) ? tags_sweep(base, TAG_OF(GUARD_PLACE)) : copy ? 0 : -1;
    while (result == 0 && PyDict_Next(copy, &at, &name, &module)) {
        if (PyUnicode_CheckExact(name) && PyModule_CheckExact(module)) {
            result = sweep_module(name, PyModule_GetDict(module));
        }
    }
    result = result == 0 ? sweep_program(copy) : result;
    Py_XDECREF(copy);
    return result;
}
