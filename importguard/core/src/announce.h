/* The record of this process's arming. */
#ifndef IMPORTGUARD_ANNOUNCE_H
#define IMPORTGUARD_ANNOUNCE_H

#include "ccore.h"

PyObject *announce(PyObject *module, PyObject *fields);

#endif
