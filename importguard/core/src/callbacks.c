/* Functions that the interpreter keeps and calls from nobody's frame: those of codecs, and of sys.monitoring. They carry who handed them
 * over. No twin. */
#include "builtins.h"
#include "carrier.h"

static PyCFunction real_register, real_unregister, real_lookup_error;
static _PyCFunctionFast real_register_error;
/* The searches for codecs that are carried: who takes one back names the function. */
static PyObject *searches;

/* The garbage collector doesn't show what is kept. Returns 0, or -1 with an exception set. */
static int
keep(PyObject *carried)
{
    if (!searches) {
        if (!(searches = PyList_New(0))) {
            return -1;
        }
        PyObject_GC_UnTrack(searches);
    }
    return PyList_Append(searches, carried);
}

static PyObject *
register_search(PyObject *self, PyObject *function)
{
    PyObject *carried = carry_callable(function, CALLED_BACK);
    PyObject *result = carried ? real_register(self, carried) : NULL;
    if (result && carried != function && keep(carried) < 0) {
        Py_CLEAR(result);
    }
    Py_XDECREF(carried);
    return result;
}

/* Return what stands for a function among the searches, or the function itself: a new reference. */
static PyObject *
taken_back(PyObject *function)
{
    for (Py_ssize_t at = 0; searches && at < PyList_GET_SIZE(searches); at++) {
        PyObject *carried = PyList_GET_ITEM(searches, at);
        if (carried_function(carried) == function) {
            Py_INCREF(carried);
            if (PySequence_DelItem(searches, at) < 0) {
                Py_CLEAR(carried);
            }
            return carried;
        }
    }
    return Py_NewRef(function);
}

static PyObject *
unregister_search(PyObject *self, PyObject *function)
{
    PyObject *carried = taken_back(function);
    PyObject *result = carried ? real_unregister(self, carried) : NULL;
    Py_XDECREF(carried);
    return result;
}

static PyObject *
lookup_error(PyObject *self, PyObject *name)
{
    return without_carried(real_lookup_error(self, name));
}

static PyObject *
register_error(PyObject *self, PyObject *const *args, Py_ssize_t size)
{
    if (size != 2) {
        return real_register_error(self, args, size);
    }
    PyObject *given[2] = {args[0], carry_callable(args[1], CALLED_BACK)};
    PyObject *result = given[1] ? real_register_error(self, given, size) : NULL;
    Py_XDECREF(given[1]);
    return result;
}

#if PY_VERSION_HEX >= 0x030C0000

static _PyCFunctionFast real_register_callback;

/* register_callback(tool_id, event, func) */
static PyObject *
register_callback(PyObject *self, PyObject *const *args, Py_ssize_t size)
{
    if (size != 3) {
        return real_register_callback(self, args, size);
    }
    PyObject *given[3] = {args[0], args[1], carry(args[2], CALLED_BACK)};
    PyObject *result = given[2] ? real_register_callback(self, given, size) : NULL;
    Py_XDECREF(given[2]);
    return without_carried(result);
}

/* It is made with `sys`, and in no table. Returns 0, or -1 with an exception set. */
static int
divert_monitoring(void)
{
    PyObject *monitoring = PySys_GetObject("monitoring");
    PyObject *function = monitoring ? PyObject_GetAttrString(monitoring, "register_callback") : NULL;
    PyMethodDef *definition = function ? builtin_definition(function) : NULL;
    int result = 0;
    PyErr_Clear();
    if (definition) { /* else somebody has put something in its place, in a process that is armed late */
        result = builtin_divert(definition, "register_callback", METH_FASTCALL, (void *)register_callback, &real_register_callback);
    }
    Py_XDECREF(function);
    return result;
}

#else

static int
divert_monitoring(void)
{
    return 0;
}

#endif

/* From now on what is handed to codecs and to sys.monitoring carries where it comes from. Returns 0, or -1 with an exception set. */
int
callbacks_divert(void)
{
    const struct {
        const char *name;
        int flags;
        void *diverted, *real;
    } codecs[] = {
        {"register", METH_O, (void *)register_search, &real_register},
        {"unregister", METH_O, (void *)unregister_search, &real_unregister},
        {"lookup_error", METH_O, (void *)lookup_error, &real_lookup_error},
        {"register_error", METH_FASTCALL, (void *)register_error, &real_register_error},
    };
    for (size_t at = 0; at < Py_ARRAY_LENGTH(codecs); at++) {
        PyMethodDef *definition = builtin_definition_in("_codecs", codecs[at].name);
        if (builtin_divert(definition, codecs[at].name, codecs[at].flags, codecs[at].diverted, codecs[at].real) < 0) {
            return -1;
        }
    }
    return divert_monitoring();
}
