/* Builtins by the definitions that all references to them share: to put a function in the place of one, for the references
 * that were taken before as well. */
#include "builtins.h"

#include <string.h>

/* Set `found` to what a dict has under a name, borrowed, NULL for nothing. Returns 0, or -1 with an exception set: that
 * there was no memory to look is not that there is nothing. */
int
entry_of(PyObject *dict, const char *name, PyObject **found)
{
    PyObject *key = PyUnicode_FromString(name);
    *found = key ? PyDict_GetItemWithError(dict, key) : NULL;
    Py_XDECREF(key);
    return *found || !PyErr_Occurred() ? 0 : -1;
}

/* Return the definition of a builtin, NULL for what is none. */
PyMethodDef *
builtin_definition(PyObject *function)
{
    if (PyCFunction_Check(function)) {
        return ((PyCFunctionObject *)function)->m_ml;
    }
    return Py_IS_TYPE(function, &PyMethodDescr_Type) ? ((PyMethodDescrObject *)function)->d_method : NULL;
}

/* Return the definition of a function in a module that is built into the interpreter, without importing that; NULL where
 * there is none. */
PyMethodDef *
builtin_definition_in(const char *module, const char *name)
{
    const struct _inittab *built_in = PyImport_Inittab;
    while (built_in->name && strcmp(built_in->name, module) != 0) {
        built_in++;
    }
    PyObject *definition = built_in->name && built_in->initfunc ? built_in->initfunc() : NULL;
    if (!definition || !Py_IS_TYPE(definition, &PyModuleDef_Type)) {
        return NULL;
    }
    PyMethodDef *method = ((PyModuleDef *)definition)->m_methods;
    while (method->ml_name && strcmp(method->ml_name, name) != 0) {
        method++;
    }
    return method->ml_name ? method : NULL;
}

/* Put a function in the place of a builtin's own, which is kept in `real`. Returns 0, or -1 with an exception set where the
 * builtin (NULL for none) isn't called as the function is. */
int
builtin_divert(PyMethodDef *definition, const char *name, int flags, void *function, void *real)
{
    if (!definition || definition->ml_flags != flags) {
        if (!PyErr_Occurred()) {
            PyErr_Format(PyExc_RuntimeError, "%s is not the builtin that it should be", name);
        }
        return -1;
    }
    memcpy(real, &definition->ml_meth, sizeof definition->ml_meth);
    memcpy(&definition->ml_meth, &function, sizeof function);
    return 0;
}
