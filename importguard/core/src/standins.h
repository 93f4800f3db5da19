/* What importlib works out for each module by functions in Python, worked out in C, and what it asks the kernel. */
#ifndef IMPORTGUARD_STANDINS_H
#define IMPORTGUARD_STANDINS_H

#include "ccore.h"

#include <sys/stat.h>

/* pinned.c */
PyCodeObject *code_at(PyObject *module, const char *type, const char *name);

/* standins.c */
int standins_start(PyObject *bootstrap, PyObject *external);
bool is_known_not_to_find(PyObject *finder, PyObject *name);
PyObject *cached_of(PyObject *spec, PyObject *origin);

/* looks.c */
void looks_forget(void);
const struct stat *looks_of(PyObject *path);
int looks_watch(PyObject *bootstrap, PyObject *external);

#endif
