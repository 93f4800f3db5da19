/* A file object whose descriptor an `opener` gives: the event has a path, and what is written goes wherever that leads. No twin. */
#include "builtins.h"
#include "methods.h"

#include <string.h>

/* How a FileIO of CPython 3.11 to 3.13 begins. */
typedef struct {
    PyObject_HEAD
    int fd;
} File;
static initproc real_init;

/* Say whether FileIO(file, mode, closefd, opener) is given an opener. */
static bool
has_opener(PyObject *args, PyObject *options)
{
    PyObject *name, *value;
    if (PyTuple_GET_SIZE(args) > 3) {
        return PyTuple_GET_ITEM(args, 3) != Py_None;
    }
    for (Py_ssize_t at = 0; options && PyDict_Next(options, &at, &name, &value);) {
        if (PyUnicode_Check(name) && PyUnicode_CompareWithASCIIString(name, "opener") == 0) {
            return value != Py_None;
        }
    }
    return false;
}

static int
init_and_ask(PyObject *self, PyObject *args, PyObject *options)
{
    int result = real_init(self, args, options);
    if (result == 0 && core.armed && has_opener(args, options) && ask_to_send(((File *)self)->fd) < 0) {
        ((File *)self)->fd = -1; /* it isn't its to close */
        return -1;
    }
    return result;
}

/* Divert how file objects begin, in the type and in its `__init__`; returns 0, or -1 with an error. */
int
opener_watch(PyObject *module)
{
    PyObject *type;
    if (entry_of(PyModule_GetDict(module), "FileIO", &type) < 0) {
        return -1;
    }
    initproc init = type && PyType_Check(type) ? ((PyTypeObject *)type)->tp_init : NULL;
    PyObject *wrapper = init ? PyObject_GetAttrString(type, "__init__") : NULL;
    if (wrapper && init != init_and_ask && (!real_init || init == real_init)) {
        real_init = init;
        ((PyTypeObject *)type)->tp_init = init_and_ask;
        if (Py_IS_TYPE(wrapper, &PyWrapperDescr_Type) && ((PyWrapperDescrObject *)wrapper)->d_wrapped == (void *)init) {
            ((PyWrapperDescrObject *)wrapper)->d_wrapped = (void *)init_and_ask;
        }
    }
    Py_XDECREF(wrapper);
    return init && !wrapper ? -1 : 0;
}
