/* Functions in Python that hand over one of their arguments before they begin. */
#ifndef IMPORTGUARD_PROLOGUE_H
#define IMPORTGUARD_PROLOGUE_H

#include "ccore.h"

#if PY_VERSION_HEX < 0x030C0000
int prologue_add(PyFunctionObject *function, Py_ssize_t argument, bool is_checked);
#endif

#endif
