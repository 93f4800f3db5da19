/* Who owns a code object: a number in its co_extra, which is never copied and which Python can neither read nor write. */
#include "ccore.h"

#ifdef __linux__
#include <link.h>
#else
#include <dlfcn.h>
#endif

#if PY_VERSION_HEX < 0x030C0000
#define request_index _PyEval_RequestCodeExtraIndex
#define set_extra _PyCode_SetExtra
#define get_extra _PyCode_GetExtra
#else
#define request_index PyUnstable_Eval_RequestCodeExtraIndex
#define set_extra PyUnstable_Code_SetExtra
#define get_extra PyUnstable_Code_GetExtra
#endif

#define DEEPEST 200 /* code objects that Python's own compiler makes nest less deeply than its parser allows */

#ifdef __linux__
/* Where the object lies that the interpreter's own types are in: its binary, or its library. */
static uintptr_t own_start, own_size;

static int
note_own(struct dl_phdr_info *object, size_t Py_UNUSED(size), void *Py_UNUSED(nothing))
{
    uintptr_t start = UINTPTR_MAX, end = 0, wanted = (uintptr_t)&PyCode_Type;
    for (int at = 0; at < object->dlpi_phnum; at++) {
        const ElfW(Phdr) *part = &object->dlpi_phdr[at];
        uintptr_t from = object->dlpi_addr + part->p_vaddr;
        if (part->p_type == PT_LOAD) {
            start = from < start ? from : start;
            end = from + part->p_memsz > end ? from + part->p_memsz : end;
        }
    }
    if (wanted < start || wanted >= end) {
        return 0;
    }
    own_start = start;
    own_size = end - start;
    return 1;
}

/* Code that lies in the interpreter's own binary: frozen modules of 3.11 and 3.12. Nothing is ever made there, so that it needs no tag
 * to be known, and gets none: to write to it would take a copy of each page that it lies in. */
static bool
is_static(PyCodeObject *code)
{
    return (uintptr_t)code - own_start < own_size;
}

static void
learn_own(void)
{
    dl_iterate_phdr(note_own, NULL);
}
#else
static bool
is_static(PyCodeObject *code)
{
    Dl_info found;
    return dladdr((void *)code, &found) != 0;
}

static void
learn_own(void)
{
}
#endif

/* Take the public API for good when what it puts on a code object isn't found where it is expected. */
static int
check_layout(void)
{
    const Tag tag = TAG_OF(STDLIB_PLACE);
    PyCodeObject *code = PyCode_NewEmpty("", "", 1);
    int result = code ? set_extra((PyObject *)code, core.tag_index, (void *)tag) : -1;
    if (result == 0) {
        const CodeExtra *extra = code->co_extra;
        core.public_tags = PUBLIC_API || !extra || extra->size <= core.tag_index || (Tag)extra->values[core.tag_index] != tag;
    }
    Py_XDECREF(code);
    return result;
}

int
tags_start(void)
{
    learn_own();
    core.tag_index = request_index(NULL);
    if (core.tag_index < 0) {
        PyErr_SetString(PyExc_RuntimeError, "no index is left for data on code objects");
        return -1;
    }
    return check_layout();
}

/* Return the tag of code that has none at hand. */
Tag
tag_by_api(PyCodeObject *code)
{
    void *value = NULL;
    if (get_extra((PyObject *)code, core.tag_index, &value) < 0) {
        PyErr_Clear();
        return NO_TAG;
    }
    return value || !is_static(code) ? (Tag)value : TAG_OF(STDLIB_PLACE);
}

static int
set_below(PyCodeObject *code, Tag tag, bool overwrite, int depth)
{
    if (depth > DEEPEST || (!overwrite && is_static(code))) {
        return 0; /* what lies deeper stays unowned; what is nested in frozen code is frozen as well */
    }
    if ((overwrite || tag_get(code) == NO_TAG) && set_extra((PyObject *)code, core.tag_index, (void *)tag) < 0) {
        return -1;
    }
    PyObject *constants = code->co_consts;
    for (Py_ssize_t at = 0; at < PyTuple_GET_SIZE(constants); at++) {
        PyObject *constant = PyTuple_GET_ITEM(constants, at);
        if (PyCode_Check(constant) && set_below((PyCodeObject *)constant, tag, overwrite, depth + 1) < 0) {
            return -1;
        }
    }
    return 0;
}

/* Tag code and what is nested in it. */
int
tag_set_all(PyCodeObject *code, Tag tag)
{
    return set_below(code, tag, true, 0);
}

/* Tag code and what is nested in it, where there is no tag yet. */
int
tag_set_untagged(PyCodeObject *code, Tag tag)
{
    return set_below(code, tag, false, 0);
}

static int sweep_value(PyObject *value, PyObject *namespace, Tag tag, int depth);

static int
sweep_type(PyTypeObject *type, PyObject *namespace, Tag tag, int depth)
{
    PyObject *key, *value;
    Py_ssize_t at = 0;
    /* Types of builtin modules have no Python functions; types from elsewhere are swept with their own module. */
    while ((type->tp_flags & Py_TPFLAGS_HEAPTYPE) && type->tp_dict && PyDict_Next(type->tp_dict, &at, &key, &value)) {
        if (sweep_value(value, namespace, tag, depth) < 0) {
            return -1;
        }
    }
    return 0;
}

/* Sweep what an attribute of a descriptor holds, where it has that attribute. */
static int
sweep_attribute(PyObject *value, const char *name, PyObject *namespace, Tag tag, int depth)
{
    PyObject *inner = PyObject_GetAttrString(value, name);
    if (!inner) {
        PyErr_Clear();
        return 0;
    }
    int result = sweep_value(inner, namespace, tag, depth);
    Py_DECREF(inner);
    return result;
}

static int
sweep_function(PyFunctionObject *function, PyObject *namespace, Tag tag, int depth)
{
    if (function->func_globals != namespace) {
        return 0;
    }
    if (tag_set_untagged((PyCodeObject *)function->func_code, tag) < 0) {
        return -1;
    }
    PyObject *wrapped = function->func_dict ? PyDict_GetItemString(function->func_dict, "__wrapped__") : NULL;
    return wrapped ? sweep_value(wrapped, namespace, tag, depth + 1) : 0;
}

static int
sweep_property(PyObject *value, PyObject *namespace, Tag tag, int depth)
{
    return sweep_attribute(value, "fget", namespace, tag, depth) < 0
                   || sweep_attribute(value, "fset", namespace, tag, depth) < 0
                   || sweep_attribute(value, "fdel", namespace, tag, depth) < 0
               ? -1
               : 0;
}

static int
sweep_value(PyObject *value, PyObject *namespace, Tag tag, int depth)
{
    if (depth > 4) {
        return 0;
    }
    if (PyFunction_Check(value)) {
        return sweep_function((PyFunctionObject *)value, namespace, tag, depth);
    }
    if (PyType_Check(value)) {
        return sweep_type((PyTypeObject *)value, namespace, tag, depth + 1);
    }
    if (Py_IS_TYPE(value, &PyStaticMethod_Type) || Py_IS_TYPE(value, &PyClassMethod_Type)) {
        return sweep_attribute(value, "__func__", namespace, tag, depth + 1);
    }
    return Py_IS_TYPE(value, &PyProperty_Type) ? sweep_property(value, namespace, tag, depth + 1) : 0;
}

/* Tag the functions that a module has by now; it was loaded before there was anybody to tag it. */
int
tags_sweep(PyObject *namespace, Tag tag)
{
    PyObject *key, *value, *copy = PyDict_Copy(namespace);
    Py_ssize_t at = 0;
    int result = copy ? 0 : -1;
    while (result == 0 && PyDict_Next(copy, &at, &key, &value)) {
        result = sweep_value(value, namespace, tag, 0);
    }
    Py_XDECREF(copy);
    return result;
}
