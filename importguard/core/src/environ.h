/* The variables behind `os.environ`, where a rule speaks of any. */
#ifndef IMPORTGUARD_ENVIRON_H
#define IMPORTGUARD_ENVIRON_H

#include "ccore.h"

typedef struct {
    PyDictObject empty;
    PyObject *variables; /* dict of bytes */
} Environ;
#define ENVIRON_VARIABLES(self) (((Environ *)(self))->variables)

/* environ.c */
PyObject *environ_bytes(PyObject *item);
PyObject *environ_value(PyObject *self, PyObject *key);
int environ_change(PyObject *self, PyObject *name, PyObject *value);

/* environ_dict.c */
extern PyTypeObject EnvironType;

#endif
