/* The names of interned.h. */
#include "ccore.h"

Interned interned;

/* Make the names; returns 0, or -1 with an exception set. */
int
interned_start(void)
{
#define MAKE(name)                                                                                                     \
    if (!interned.name && !(interned.name = PyUnicode_InternFromString(#name))) {                                      \
        return -1;                                                                                                     \
    }
    INTERNED_NAMES(MAKE)
#undef MAKE
    return 0;
}

/* Return what a dict has under one of the names, borrowed; NULL without an exception. */
PyObject *
interned_in(PyObject *dict, PyObject *name)
{
    PyObject *found = PyDict_GetItemWithError(dict, name);
    if (!found) {
        PyErr_Clear();
    }
    return found;
}
