/* The variables behind `os.environ`, where a rule speaks of any: reading one of a dict raises no event, so that what the
 * modules have in the dict's place asks. What it holds is in nobody's reach, the collector's included; seen as the dict that it
 * also is, past its methods, it is empty. Twin: wraps/environ.py, which leaves posix.environ alone. */
#include "environ.h"

#include "builtins.h"
#include "methods.h"

#include <stdlib.h>
#include <string.h>

/* Return a name or value as exact bytes (new reference); NULL without an error for what can't be one. */
PyObject *
environ_bytes(PyObject *item)
{
    if (PyBytes_CheckExact(item)) {
        return Py_NewRef(item);
    }
    return PyBytes_Check(item) ? PyBytes_FromStringAndSize(PyBytes_AS_STRING(item), PyBytes_GET_SIZE(item)) : NULL;
}

/* Ask about a variable; returns 0, or -1 with an error. */
static int
ask_about(Capability capability, PyObject *name)
{
    PyObject *target = PyUnicode_DecodeUTF8(PyBytes_AS_STRING(name), PyBytes_GET_SIZE(name), "surrogateescape");
    int result = target ? judge_ask(capability, target, NULL) : -1;
    Py_XDECREF(target);
    return result;
}

/* Say whether the environment in C has it so already: then putenv or unsetenv, which os.environ calls first, has asked. */
static bool
is_told(PyObject *name, PyObject *value)
{
    const char *text = PyBytes_AS_STRING(name), *known = getenv(text);
    if (strlen(text) != (size_t)PyBytes_GET_SIZE(name)) {
        return false;
    }
    return value ? known && strcmp(known, PyBytes_AS_STRING(value)) == 0 : known == NULL;
}

/* Return the value of a variable, asked for (new reference); NULL with an error, or without one where there is none. */
PyObject *
environ_value(PyObject *self, PyObject *key)
{
    PyObject *name = environ_bytes(key);
    PyObject *value = name && ask_about(ENV_READ, name) == 0 ? PyDict_GetItemWithError(ENVIRON_VARIABLES(self), name) : NULL;
    Py_XINCREF(value);
    Py_XDECREF(name);
    return value;
}

/* Set or remove (NULL) a variable, asked for where posix.putenv wasn't; returns 0, or -1 with an error. */
int
environ_change(PyObject *self, PyObject *name, PyObject *value)
{
    if (!is_told(name, value) && ask_about(ENV_WRITE, name) < 0) {
        return -1;
    }
    if (value) {
        return PyDict_SetItem(ENVIRON_VARIABLES(self), name, value);
    }
    return PyDict_DelItem(ENVIRON_VARIABLES(self), name);
}

/* Return a dict of the variables as exact bytes, which the collector doesn't know; NULL with an error. */
static PyObject *
hidden_copy(PyObject *variables)
{
    PyObject *hidden = PyDict_New(), *key, *value;
    for (Py_ssize_t at = 0; hidden && PyDict_Next(variables, &at, &key, &value);) {
        bool is_plain = PyBytes_CheckExact(key) && PyBytes_CheckExact(value);
        if (is_plain && PyDict_SetItem(hidden, key, value) < 0) {
            Py_CLEAR(hidden);
        }
    }
    return hidden;
}

static PyObject *
environ_new(PyObject *variables)
{
    PyObject *nothing = PyType_Ready(&EnvironType) < 0 ? NULL : PyTuple_New(0);
    PyObject *self = nothing ? PyDict_Type.tp_new(&EnvironType, nothing, NULL) : NULL;
    Py_XDECREF(nothing);
    if (self && !(((Environ *)self)->variables = hidden_copy(variables))) {
        Py_CLEAR(self);
    }
    return self;
}

/* Take out what some rule speaks of: in another interpreter nobody can be asked. Returns 0, or -1 with an error. */
static int
withhold(PyObject *variables)
{
    PyObject *names = core.enforcing ? PyDict_Keys(variables) : PyList_New(0);
    int result = names ? 0 : -1;
    for (Py_ssize_t at = 0; result == 0 && at < PyList_GET_SIZE(names); at++) {
        PyObject *name = PyList_GET_ITEM(names, at);
        Text text = {PyBytes_Check(name) ? PyBytes_AS_STRING(name) : "", PyBytes_Check(name) ? (size_t)PyBytes_GET_SIZE(name) : 0};
        if (table_watches(core.table, ENV_READ, text)) {
            result = PyDict_DelItem(variables, name);
        }
    }
    Py_XDECREF(names);
    return result;
}

/* Have the variables of a `posix` that was just made ask; returns 0, or -1 with an error. */
int
environ_watch(PyObject *module)
{
    PyObject *dict = PyModule_GetDict(module), *variables;
    bool is_watched = table_watches_any(core.table, ENV_READ) || table_watches_any(core.table, ENV_WRITE);
    if (!is_watched || entry_of(dict, "environ", &variables) < 0 || !variables || !PyDict_CheckExact(variables)) {
        return PyErr_Occurred() ? -1 : 0;
    }
    if (core.armed && PyThreadState_GetInterpreter(PyThreadState_Get()) != core.interpreter) {
        return withhold(variables);
    }
    PyObject *asking = environ_new(variables);
    int result = asking ? PyDict_SetItemString(dict, "environ", asking) : -1;
    Py_XDECREF(asking);
    return result;
}
