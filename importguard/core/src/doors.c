/* Classes of the library that keep a function for later: their __init__ stays the object that it is, and only how it is
 * called is diverted, or on 3.11 how it begins. Twin: wrap_weakref, wrap_finalizers, wrap_futures and wrap_asyncio in wraps/deferred.py. */
#include "carrier.h"
#include "prologue.h"

#include <string.h>

typedef struct {
    const char *module, *type;
    Py_ssize_t position; /* of the callable among the arguments of __init__, self counts */
    const char *keyword; /* its name, NULL where it has none */
    bool is_checked;     /* what can't be called is refused */
} Known;

static const Known KNOWN[] = {
    {"weakref", "finalize", 2, NULL, false},
    {"multiprocessing.util", "Finalize", 2, "callback", false},
    {"concurrent.futures.thread", "_WorkItem", 2, "fn", false},
    {"concurrent.futures.thread", "ThreadPoolExecutor", 3, "initializer", true},
    {"asyncio.events", "Handle", 1, "callback", false},
};

#if PY_VERSION_HEX < 0x030C0000

static int
open_door(PyObject *function, const Known *known)
{
    return prologue_add((PyFunctionObject *)function, known->position, known->is_checked);
}

#else

typedef struct {
    PyObject *function; /* the __init__; kept, so that no other object takes its address */
    vectorcallfunc real;
    Py_ssize_t position;
    const char *keyword;
    bool is_checked;
} Door;

enum { MOST_DOORS = 64, FEW = 8 }; /* a module that is reloaded again and again stays as it was the first times */
static Door doors[MOST_DOORS];
static size_t door_count;

/* Return where the callable is among the arguments, or -1. */
static Py_ssize_t
callable_at(const Door *door, Py_ssize_t size, PyObject *names)
{
    if (door->position < size) {
        return door->position;
    }
    for (Py_ssize_t at = 0; door->keyword && names && at < PyTuple_GET_SIZE(names); at++) {
        if (PyUnicode_CompareWithASCIIString(PyTuple_GET_ITEM(names, at), door->keyword) == 0) {
            return size + at;
        }
    }
    return -1;
}

static PyObject *
call_with(const Door *door, PyObject *const *args, Py_ssize_t size, PyObject *names, Py_ssize_t at, PyObject *carried)
{
    PyObject *few[FEW], **given = few, *result;
    size_t all = (size_t)(size + (names ? PyTuple_GET_SIZE(names) : 0));
    if (all > FEW && !(given = PyMem_Malloc(all * sizeof *given))) {
        return PyErr_NoMemory();
    }
    memcpy(given, args, all * sizeof *given);
    given[at] = carried;
    result = door->real(door->function, given, (size_t)size, names);
    if (given != few) {
        PyMem_Free(given);
    }
    return result;
}

static PyObject *
through_door(PyObject *function, PyObject *const *args, size_t given, PyObject *names)
{
    size_t found = 0;
    while (found + 1 < door_count && doors[found].function != function) {
        found++;
    }
    const Door *door = &doors[found];
    Py_ssize_t size = PyVectorcall_NARGS(given), at = callable_at(door, size, names);
    if (at < 0) {
        return door->real(function, args, given, names);
    }
    PyObject *carried = door->is_checked ? carry_callable(args[at], HANDED_OVER) : carry(args[at], HANDED_OVER);
    if (!carried) {
        return NULL;
    }
    PyObject *result = carried == args[at] ? door->real(function, args, given, names)
                                           : call_with(door, args, size, names, at, carried);
    Py_DECREF(carried);
    return result;
}

static int
open_door(PyObject *function, const Known *known)
{
    vectorcallfunc real = ((PyFunctionObject *)function)->vectorcall;
    if (real == through_door || door_count == MOST_DOORS) {
        return 0;
    }
    doors[door_count++] = (Door){Py_NewRef(function), real, known->position, known->keyword, known->is_checked};
    PyFunction_SetVectorcall((PyFunctionObject *)function, through_door);
    return 0;
}

#endif

/* The exit function of weakref.finalize, registered by whoever comes first, calls what carries an origin of its own. */
static struct {
    PyObject *type, *function, *code;
} finalizers;

static void
remember_exit(PyObject *type)
{
    PyObject *method = PyObject_GetAttrString(type, "_exitfunc");
    PyObject *function = method && PyMethod_Check(method) ? PyMethod_GET_FUNCTION(method) : NULL;
    if (function && PyFunction_Check(function) && !finalizers.type) {
        finalizers.type = Py_NewRef(type);
        finalizers.function = Py_NewRef(function);
        finalizers.code = Py_NewRef(PyFunction_GET_CODE(function));
    }
    Py_XDECREF(method);
    PyErr_Clear();
}

/* Say whether a function is the one that calls the finalizers which are left when the interpreter ends. */
bool
doors_is_exit(PyObject *function)
{
    PyObject *inner = PyMethod_Check(function) ? PyMethod_GET_FUNCTION(function) : NULL;
    return inner && inner == finalizers.function && PyMethod_GET_SELF(function) == finalizers.type
           && PyFunction_GET_CODE(inner) == finalizers.code;
}

static PyObject *
alloc(PyTypeObject *type, Py_ssize_t size)
{
    return PyType_GenericAlloc(type, size);
}

/* From 3.13 on the interpreter enters a plain __init__ past its vectorcall, unless the type allocates in its own way. */
static void
keep_from_shortcuts(PyObject *type)
{
    if (PyType_Check(type) && ((PyTypeObject *)type)->tp_alloc == PyType_GenericAlloc) {
        ((PyTypeObject *)type)->tp_alloc = alloc;
    }
}

static int
watch_type(PyObject *module, const Known *known)
{
    PyObject *type = PyObject_GetAttrString(module, known->type);
    PyObject *init = type ? PyObject_GetAttrString(type, "__init__") : NULL;
    int result = -1;
    if (init && PyFunction_Check(init)) {
        keep_from_shortcuts(type);
        result = open_door(init, known);
        if (strcmp(known->type, "finalize") == 0) {
            remember_exit(type);
        }
    }
    else if (init) {
        PyErr_Format(PyExc_RuntimeError, "%s.__init__ is not the function that it should be", known->type);
    }
    Py_XDECREF(type);
    Py_XDECREF(init);
    return result;
}

/* watch(module): carry what is handed to the classes of a module from now on. */
PyObject *
doors_watch(PyObject *Py_UNUSED(self), PyObject *module)
{
    const char *name = PyModule_Check(module) ? PyModule_GetName(module) : NULL;
    if (!name) {
        PyErr_Clear();
        Py_RETURN_NONE;
    }
    for (size_t at = 0; at < Py_ARRAY_LENGTH(KNOWN); at++) {
        if (strcmp(KNOWN[at].module, name) == 0 && watch_type(module, &KNOWN[at]) < 0) {
            return NULL;
        }
    }
    Py_RETURN_NONE;
}
