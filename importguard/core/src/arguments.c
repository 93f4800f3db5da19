/* The arguments of an event as plain values: nothing of a package's own runs once a reader looks at them. */
#include "ccore.h"

static PyObject *fspath_name; /* interned */

#define NESTED 2 /* an address is a tuple in the arguments; argv is a tuple or a list of texts */

static PyObject *plain(PyObject *value, int depth);

static bool
is_plain(PyObject *value)
{
    return value == Py_None || PyUnicode_CheckExact(value) || PyLong_CheckExact(value) || PyBytes_CheckExact(value)
           || PyBool_Check(value) || PyFloat_CheckExact(value);
}

static PyObject *
plain_items(PyObject *const *items, Py_ssize_t size, int depth)
{
    PyObject *copy = PyTuple_New(size);
    for (Py_ssize_t at = 0; copy && at < size; at++) {
        PyObject *item = plain(items[at], depth);
        if (!item) {
            Py_CLEAR(copy);
            break;
        }
        PyTuple_SET_ITEM(copy, at, item);
    }
    return copy;
}

/* A list may change while its items are asked for their paths: take them first. */
static PyObject *
plain_list(PyObject *list, int depth)
{
    PyObject *items = PyList_AsTuple(list), *copy = NULL;
    if (items) {
        copy = plain_items(&PyTuple_GET_ITEM(items, 0), PyTuple_GET_SIZE(items), depth);
        Py_DECREF(items);
    }
    return copy;
}

static PyObject *
plain_path(PyObject *value, int depth)
{
    PyObject *path = PyOS_FSPath(value), *copy = NULL;
    if (path) {
        copy = plain(path, depth);
        Py_DECREF(path);
    }
    return copy;
}

/* Return a new reference to a value, copied by its own type's C code where it is of a subclass. */
static PyObject *
plain(PyObject *value, int depth)
{
    if (is_plain(value)) {
        return Py_NewRef(value);
    }
    if (PyUnicode_Check(value)) {
        return PyUnicode_FromObject(value);
    }
    if (PyBytes_Check(value)) {
        return PyBytes_FromStringAndSize(PyBytes_AS_STRING(value), PyBytes_GET_SIZE(value));
    }
    if (PyByteArray_Check(value)) {
        return PyBytes_FromStringAndSize(PyByteArray_AS_STRING(value), PyByteArray_GET_SIZE(value));
    }
    if (PyLong_Check(value)) {
        return _PyLong_Copy((PyLongObject *)value);
    }
    if (PyTuple_Check(value) && depth < NESTED) {
        return plain_items(&PyTuple_GET_ITEM(value, 0), PyTuple_GET_SIZE(value), depth + 1);
    }
    if (PyList_Check(value) && depth < NESTED) {
        return plain_list(value, depth + 1);
    }
    if (_PyType_Lookup(Py_TYPE(value), fspath_name)) {
        return plain_path(value, depth);
    }
    if (depth > 0 && PyIndex_Check(value)) {
        return PyNumber_Index(value);
    }
    return Py_NewRef(value);
}

/* Return a new tuple of the plain values of an event's arguments. */
PyObject *
arguments_plain(PyObject *args)
{
    if (!fspath_name && !(fspath_name = PyUnicode_InternFromString("__fspath__"))) {
        return NULL;
    }
    return plain_items(&PyTuple_GET_ITEM(args, 0), PyTuple_GET_SIZE(args), 0);
}
