/* What importlib works out for each module by functions in Python, worked out in C. */
#ifndef IMPORTGUARD_STANDINS_H
#define IMPORTGUARD_STANDINS_H

#include "ccore.h"

int standins_start(PyObject *bootstrap, PyObject *external);
bool is_known_not_to_find(PyObject *finder, PyObject *name);
PyObject *cached_of(PyObject *spec, PyObject *origin);

#endif
