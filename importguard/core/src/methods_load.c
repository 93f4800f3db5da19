/* Diverts builtins when their module is there: at arming, or as soon as the import system has made or executed it. Twin of
 * wraps/fresh.py; below Python, so that nothing comes in between, and a module that is made again is met as well. */
#include "methods.h"

#include <string.h>

static const Method *const tables[] = {
    methods_of_databases, methods_of_files, methods_of_libraries, methods_of_loading, methods_of_processes,
};

/* Return the builtin of a holder that a Method names (new reference), NULL without an error where there is none. */
static PyObject *
find(PyObject *module, const Method *method)
{
    PyObject *holder = PyDict_GetItemString(PyModule_GetDict(module), method->type ? method->type : method->name);
    if (!holder || !method->type) {
        return Py_XNewRef(holder);
    }
    PyObject *found = PyType_Check(holder) ? PyObject_GetAttrString(holder, method->name) : NULL;
    PyErr_Clear();
    return found;
}

static int
divert(PyObject *module, const Method *method)
{
    PyObject *builtin = find(module, method);
    int result = builtin ? methods_divert(builtin, method) : 0;
    Py_XDECREF(builtin);
    return result;
}

/* Divert what a module in C has to divert; returns 0, or -1 with an error. A name in C can't be forged from Python. */
int
methods_loaded(PyObject *module)
{
    PyModuleDef *definition = module && PyModule_Check(module) ? PyModule_GetDef(module) : NULL;
    for (size_t table = 0; definition && definition->m_name && table < Py_ARRAY_LENGTH(tables); table++) {
        for (const Method *method = tables[table]; method->name; method++) {
            if (strcmp(method->module, definition->m_name) == 0 && divert(module, method) < 0) {
                return -1;
            }
        }
    }
    if (definition && definition->m_name && strcmp(definition->m_name, "_sqlite3") == 0) {
        sqlite_watch(definition);
    }
    return 0;
}

/* Look at a module that was just made (by what `_imp` gives back) or executed (by what it was given). */
static PyObject *
look_at_module(Call *call, PyObject *result)
{
    PyObject *module = result && PyModule_Check(result) ? result : call->size ? call->args[0] : NULL;
    if (result && methods_loaded(module) < 0) {
        PyErr_WriteUnraisable(module);
    }
    return result;
}

const Method methods_of_loading[] = {
    {"_imp", NULL, "create_builtin", NULL, look_at_module},
    {"_imp", NULL, "create_dynamic", NULL, look_at_module},
    {"_imp", NULL, "exec_builtin", NULL, look_at_module},
    {"_imp", NULL, "exec_dynamic", NULL, look_at_module},
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
