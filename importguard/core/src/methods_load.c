/* Diverts builtins when their module is there: at arming, or as soon as the import system has made or executed it. Twin of
 * wraps/fresh.py; below Python, so that nothing comes in between, and a module that is made again is met as well. */
#include "builtins.h"
#include "methods.h"

#include <string.h>

static const Method *const tables[] = {
    methods_of_bodies, methods_of_databases, methods_of_dumps, methods_of_files, methods_of_folders, methods_of_libraries,
    methods_of_loading, methods_of_native, methods_of_processes, methods_of_readline, methods_of_sockets,
};

/* Return the builtin of a holder that a Method names (new reference); NULL where there is none, or with an error. */
static PyObject *
find(PyObject *module, const Method *method)
{
    PyObject *holder;
    if (entry_of(PyModule_GetDict(module), method->type ? method->type : method->name, &holder) < 0) {
        return NULL;
    }
    if (!holder || !method->type) {
        return Py_XNewRef(holder);
    }
    PyObject *found = PyType_Check(holder) ? PyObject_GetAttrString(holder, method->name) : NULL;
    if (!found && PyErr_ExceptionMatches(PyExc_AttributeError)) {
        PyErr_Clear();
    }
    return found;
}

static int
divert(PyObject *module, const Method *method)
{
    PyObject *builtin = find(module, method);
    int result = builtin ? methods_divert(builtin, method) : PyErr_Occurred() ? -1 : 0;
    Py_XDECREF(builtin);
    return result;
}

/* Return the name that a module in C has in C, which can't be forged from Python; NULL for other objects. */
static const char *
name_of(PyObject *module)
{
    PyModuleDef *definition = module && PyModule_Check(module) ? PyModule_GetDef(module) : NULL;
    return definition ? definition->m_name : NULL;
}

/* Divert what a table has of a module; those of one module stand together there. Returns 0, or -1 with an error. */
static int
divert_those_of(PyObject *module, const char *name, const Method *method)
{
    const char *before = NULL;
    bool is_its = false;
    for (; method->name; method++) {
        is_its = method->module == before ? is_its : strcmp(method->module, name) == 0;
        before = method->module;
        if (is_its && divert(module, method) < 0) {
            return -1;
        }
    }
    return 0;
}

/* Divert what a module in C has to divert; returns 0, or -1 with an error. */
int
methods_loaded(PyObject *module)
{
    const char *name = name_of(module);
    for (size_t table = 0; name && table < Py_ARRAY_LENGTH(tables); table++) {
        if (divert_those_of(module, name, tables[table]) < 0) {
            return -1;
        }
    }
    if (name && strcmp(name, "_sqlite3") == 0) {
        sqlite_watch(PyModule_GetDef(module));
    }
    if (name && strcmp(name, "_ssl") == 0) {
        libraries_watch(module);
    }
    if (name && (strcmp(name, "io") == 0 || strcmp(name, "_io") == 0) && opener_watch(module) < 0) {
        return -1;
    }
    if (name && strcmp(name, "_socket") == 0 && sockets_watch(module) < 0) {
        return -1;
    }
    if (name && strcmp(name, "greenlet._greenlet") == 0 && greenlets_watch(module) < 0) {
        return -1;
    }
    if (name && strcmp(name, "posix") == 0 && environ_watch(module) < 0) {
        return -1;
    }
    return name ? native_watch(module, name) : 0;
}

/* Look at a module that came with a result; returns that. A module that nobody could look at would do its work unasked: it
 * is not to be had, unless nothing may be refused. */
static PyObject *
look_at(PyObject *module, PyObject *result)
{
    if (methods_loaded(module) == 0) {
        return result;
    }
    if (core.enforcing) {
        Py_DECREF(result);
        return NULL;
    }
    PyErr_WriteUnraisable(module);
    return result;
}

/* A module is being made from its file, and executed: what its code does then is its owner's doing. */
static int
begin_making(Call *call, const char *Py_UNUSED(name))
{
    call->is_shown = board_is_shared;
    board_enter_file(&call->before);
    making_begins(call);
    return 0;
}

static int
begin_executing(Call *call, const char *Py_UNUSED(name))
{
    if (call->size) {
        call->is_shown = board_is_shared;
        board_enter_library(&call->before, call->args[0]);
    }
    return call->size ? making_executes(call, call->args[0]) : 0;
}

static void
end_making(Call *call)
{
    making_ends(call);
    if (call->is_shown) {
        Work before = call->before;
        board_leave(&before);
    }
}

/* A module was made: some are for those who may have them. */
static PyObject *
look_at_made(Call *call, PyObject *result)
{
    end_making(call);
    const char *name = name_of(result);
    if (name && native_is_asked_for(name) && ask_about_name(NATIVE_CALL, "%s", name) < 0) {
        Py_DECREF(result);
        return NULL;
    }
    return result ? look_at(result, result) : NULL;
}

/* A module was executed: now its types are there as well. */
static PyObject *
look_at_executed(Call *call, PyObject *result)
{
    end_making(call);
    return result && call->size ? look_at(call->args[0], result) : result;
}

const Method methods_of_loading[] = {
    {"_imp", NULL, "create_builtin", NULL, look_at_made},
    {"_imp", NULL, "create_dynamic", begin_making, look_at_made},
    {"_imp", NULL, "exec_builtin", NULL, look_at_executed},
    {"_imp", NULL, "exec_dynamic", begin_executing, look_at_executed},
    {NULL, NULL, NULL, NULL, NULL},
};

/* Divert the builtins of the modules that are there; returns 0, or -1 with an error. */
int
methods_start(void)
{
    PyObject *modules = PyImport_GetModuleDict(), *name, *module;
    PyObject *imp = PyImport_ImportModule("_imp");
    int result = imp ? methods_loaded(imp) : -1;
    Py_XDECREF(imp);
    for (Py_ssize_t at = 0; result == 0 && PyDict_Next(modules, &at, &name, &module);) {
        result = methods_loaded(module);
    }
    return result;
}
