/* Builtins by their definitions, and what a dict holds. */
#ifndef IMPORTGUARD_BUILTINS_H
#define IMPORTGUARD_BUILTINS_H

#include "ccore.h"

/* builtins.c */
int entry_of(PyObject *dict, const char *name, PyObject **found);
PyMethodDef *builtin_definition(PyObject *function);
PyMethodDef *builtin_definition_in(const char *module, const char *name);
int builtin_divert(PyMethodDef *definition, const char *name, int flags, void *function, void *real);

#endif
