/* The arguments of a call, looked at and put in other words without running anybody's code but what the builtin would. */
#include "methods.h"

#include <string.h>

static bool
is_named(PyObject *given, const char *name)
{
    return PyUnicode_Check(given) && PyUnicode_CompareWithASCIIString(given, name) == 0;
}

/* Return where an argument that was given by name is in `args`, -1 where it wasn't. */
static Py_ssize_t
place_of_name(const Call *call, const char *name)
{
    Py_ssize_t count = call->names ? PyTuple_GET_SIZE(call->names) : 0;
    for (Py_ssize_t at = 0; name && at < count; at++) {
        if (is_named(PyTuple_GET_ITEM(call->names, at), name)) {
            return call->size + at;
        }
    }
    return -1;
}

/* Find an argument among the options; returns its value (borrowed) and its key, or NULL. Looks up nothing: a key's own
 * __eq__ would run. */
static PyObject *
find_option(const Call *call, const char *name, PyObject **key)
{
    PyObject *value;
    Py_ssize_t at = 0;
    while (name && call->options && PyDict_Next(call->options, &at, key, &value)) {
        if (is_named(*key, name)) {
            return value;
        }
    }
    return NULL;
}

/* Return an argument by its place (-1 for one that only has a name) or its name, borrowed; NULL where it wasn't given. */
PyObject *
call_value(const Call *call, Py_ssize_t at, const char *name)
{
    PyObject *key;
    if (at >= 0 && at < call->size) {
        return call->args[at];
    }
    Py_ssize_t place = place_of_name(call, name);
    return place >= 0 ? call->args[place] : find_option(call, name, &key);
}

/* Give the call an array of its own, to put other values in; returns 0 or -1. */
static int
hold_args(Call *call)
{
    Py_ssize_t size = call->size + (call->names ? PyTuple_GET_SIZE(call->names) : 0);
    if (call->held) {
        return 0;
    }
    PyObject **held = PyMem_New(PyObject *, (size_t)size + 1);
    if (!held) {
        PyErr_NoMemory();
        return -1;
    }
    for (Py_ssize_t at = 0; at < size; at++) {
        held[at] = Py_NewRef(call->args[at]);
    }
    call->args = call->held = held;
    return 0;
}

/* Give the call a dict of options of its own; returns 0 or -1. */
static int
hold_options(Call *call)
{
    if (call->has_own_options) {
        return 0;
    }
    PyObject *copy = call->options ? PyDict_Copy(call->options) : PyDict_New();
    if (!copy) {
        return -1;
    }
    call->options = copy;
    call->has_own_options = true;
    return 0;
}

static int
give_option(Call *call, const char *name, PyObject *value)
{
    PyObject *key;
    if (hold_options(call) < 0) {
        return -1;
    }
    return find_option(call, name, &key) ? PyDict_SetItem(call->options, key, value) : 0;
}

/* Put another value in the place of an argument that was given; returns 0, or -1 with an error. */
int
call_give(Call *call, Py_ssize_t at, const char *name, PyObject *value)
{
    Py_ssize_t place = at >= 0 && at < call->size ? at : place_of_name(call, name);
    if (place < 0) {
        return call->options ? give_option(call, name, value) : 0;
    }
    if (call->args[place] == value) {
        return 0;
    }
    if (hold_args(call) < 0) {
        return -1;
    }
    Py_SETREF(call->held[place], Py_NewRef(value));
    return 0;
}

/* Add an argument that wasn't given, to a builtin that takes its options as a dict; returns 0, or -1 with an error. */
int
call_add(Call *call, const char *name, PyObject *value)
{
    return hold_options(call) < 0 ? -1 : PyDict_SetItemString(call->options, name, value);
}

/* Read a number as the builtin would, once: what has an __index__ is asked, and its answer passed on. Returns 1, 0 where
 * there is no number (the builtin says what is wrong with it), -1 with an error. */
int
call_number(Call *call, Py_ssize_t at, const char *name, long *number)
{
    PyObject *value = call_value(call, at, name);
    if (!value || !PyIndex_Check(value)) {
        return 0;
    }
    PyObject *once = PyNumber_Index(value);
    if (!once) {
        return -1;
    }
    int overflow, result = call_give(call, at, name, once) < 0 ? -1 : 1;
    *number = PyLong_AsLongAndOverflow(once, &overflow);
    Py_DECREF(once);
    return result == 1 && overflow ? 0 : result;
}

/* Read an argument that may be a number before anything is asked: its own code could change what was asked about. Returns 0 or -1. */
int
call_settle(Call *call, Py_ssize_t at, const char *name)
{
    long number;
    return call_number(call, at, name, &number) < 0 ? -1 : 0;
}

/* Give back what the call holds. */
OFTEN void
call_end(Call *call)
{
    if (call->held) {
        Py_ssize_t size = call->size + (call->names ? PyTuple_GET_SIZE(call->names) : 0);
        for (Py_ssize_t at = 0; at < size; at++) {
            Py_DECREF(call->held[at]);
        }
        PyMem_Free(call->held);
    }
    if (call->has_own_options) {
        Py_DECREF(call->options);
    }
}
