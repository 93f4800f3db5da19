/* The door for imports. */
#ifndef IMPORTGUARD_FINDER_H
#define IMPORTGUARD_FINDER_H

#include "ccore.h"

extern PyTypeObject FinderType;
PyObject *finder_new(PyObject *patches);
int finder_look_at_bytecode(PyObject *data);

#endif
