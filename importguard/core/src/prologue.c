/* Has a function in Python hand one of its arguments to a callable of ours before it begins, and go on with what that returns. CPython 3.11
 * enters such functions past their vectorcall. No twin. */
#include "prologue.h"

#if PY_VERSION_HEX < 0x030C0000

#include "carrier.h"

#include <opcode.h>
#include <stddef.h>
#include <string.h>

enum { UNIT = sizeof(_Py_CODEUNIT), ADDED = 11, MOST_OF_ENTRY = 8, WITHOUT_LINE = 15, IS_ENTRY = 0x80 };

/* Not a builtin: profilers would tell of its calls. */
typedef struct {
    PyObject_HEAD
    vectorcallfunc call;
    bool is_checked;
} Taker;

static PyObject *
take(PyObject *self, PyObject *const *args, size_t given, PyObject *names)
{
    if (PyVectorcall_NARGS(given) != 1 || names) {
        PyErr_SetString(PyExc_TypeError, "one argument");
        return NULL;
    }
    return ((Taker *)self)->is_checked ? carry_callable(args[0], HANDED_OVER) : carry(args[0], HANDED_OVER);
}

static PyTypeObject TakerType = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "importguard.core.ccore.Taker",
    .tp_doc = PyDoc_STR("Carries what is handed over."),
    .tp_basicsize = sizeof(Taker),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_VECTORCALL | Py_TPFLAGS_IMMUTABLETYPE | Py_TPFLAGS_DISALLOW_INSTANTIATION,
    .tp_vectorcall_offset = offsetof(Taker, call),
    .tp_call = PyVectorcall_Call,
};

static PyObject *
taker_new(bool is_checked)
{
    Taker *taker = PyType_Ready(&TakerType) < 0 ? NULL : PyObject_New(Taker, &TakerType);
    if (taker) {
        taker->call = take;
        taker->is_checked = is_checked;
    }
    return (PyObject *)taker;
}

/* Return how many bytes of code come before the function's own, 0 where one of them makes a cell of the argument. */
static Py_ssize_t
size_of_head(const unsigned char *code, Py_ssize_t size, Py_ssize_t argument)
{
    Py_ssize_t at = 0;
    while (at < size && code[at] != RESUME) {
        if (code[at] == MAKE_CELL && code[at + 1] == argument) {
            return 0;
        }
        at += UNIT;
    }
    return at < size ? at + UNIT : 0;
}

/* Return how many bytes of a table of lines are about the first so many units of code, -1 where no entry ends there. */
static Py_ssize_t
size_of_lines(const unsigned char *table, Py_ssize_t size, Py_ssize_t units)
{
    Py_ssize_t at = 0;
    while (at < size && units > 0) {
        units -= (table[at] & (MOST_OF_ENTRY - 1)) + 1;
        do {
            at++;
        } while (at < size && !(table[at] & IS_ENTRY));
    }
    return units == 0 ? at : -1;
}

/* Return bytes with others put in; NULL with an exception set. */
static PyObject *
put_in(PyObject *bytes, Py_ssize_t at, const unsigned char *added, Py_ssize_t size)
{
    PyObject *result = PyBytes_FromStringAndSize(NULL, PyBytes_GET_SIZE(bytes) + size);
    if (result) {
        char *end = mempcpy(PyBytes_AS_STRING(result), PyBytes_AS_STRING(bytes), (size_t)at);
        end = mempcpy(end, added, (size_t)size);
        memcpy(end, PyBytes_AS_STRING(bytes) + at, (size_t)(PyBytes_GET_SIZE(bytes) - at));
    }
    return result;
}

/* Return a copy of code with the bytes and lines that were put together, and one constant more; NULL with an exception set. */
static PyObject *
replaced(PyCodeObject *old, PyObject *bytes, PyObject *lines, PyObject *taker)
{
    PyObject *last = PyTuple_Pack(1, taker), *constants = last ? PySequence_Concat(old->co_consts, last) : NULL;
    PyObject *names = constants ? Py_BuildValue("{sOsOsOsi}", "co_code", bytes, "co_linetable", lines, "co_consts", constants, "co_stacksize",
                                                old->co_stacksize + 3)
                                : NULL;
    PyObject *nothing = PyTuple_New(0), *method = PyObject_GetAttrString((PyObject *)old, "replace");
    PyObject *result = names && nothing && method ? PyObject_Call(method, nothing, names) : NULL;
    Py_XDECREF(method);
    Py_XDECREF(nothing);
    Py_XDECREF(names);
    Py_XDECREF(constants);
    Py_XDECREF(last);
    return result;
}

/* Return code that hands over an argument first; NULL with an exception set, or without one where the code is not as expected. */
static PyObject *
with_prologue(PyCodeObject *old, Py_ssize_t argument, PyObject *taker)
{
    const Py_ssize_t constant = PyTuple_GET_SIZE(old->co_consts);
    const unsigned char added[ADDED * UNIT] = {PUSH_NULL, 0, LOAD_CONST, (unsigned char)constant, LOAD_FAST, (unsigned char)argument,
                                               PRECALL, 1, CACHE, 0, CALL, 1, CACHE, 0, CACHE, 0, CACHE, 0, CACHE, 0,
                                               STORE_FAST, (unsigned char)argument};
    const unsigned char lines[] = {IS_ENTRY | WITHOUT_LINE << 3 | (MOST_OF_ENTRY - 1), IS_ENTRY | WITHOUT_LINE << 3 | (ADDED - MOST_OF_ENTRY - 1)};
    PyObject *code = PyCode_GetCode(old), *table = old->co_linetable, *bytes = NULL, *located = NULL, *result = NULL;
    Py_ssize_t head = code ? size_of_head((unsigned char *)PyBytes_AS_STRING(code), PyBytes_GET_SIZE(code), argument) : 0;
    Py_ssize_t about = size_of_lines((unsigned char *)PyBytes_AS_STRING(table), PyBytes_GET_SIZE(table), head / UNIT);
    if (head && about >= 0 && constant < UINT8_MAX && PyBytes_GET_SIZE(old->co_exceptiontable) == 0) {
        bytes = put_in(code, head, added, sizeof added);
        located = bytes ? put_in(table, about, lines, sizeof lines) : NULL;
        result = located ? replaced(old, bytes, located, taker) : NULL;
    }
    Py_XDECREF(located);
    Py_XDECREF(bytes);
    Py_XDECREF(code);
    return result;
}

static bool
has_prologue(const PyCodeObject *code)
{
    Py_ssize_t size = PyTuple_GET_SIZE(code->co_consts);
    return size > 0 && Py_IS_TYPE(PyTuple_GET_ITEM(code->co_consts, size - 1), &TakerType);
}

/* Have a function hand over the argument that is at a position; returns 0, or -1 with an exception set. */
int
prologue_add(PyFunctionObject *function, Py_ssize_t argument, bool is_checked)
{
    PyCodeObject *old = (PyCodeObject *)function->func_code;
    if (has_prologue(old)) {
        return 0;
    }
    PyObject *taker = taker_new(is_checked), *code = taker ? with_prologue(old, argument, taker) : NULL;
    Py_XDECREF(taker);
    if (!code || tag_set_all((PyCodeObject *)code, tag_get(old)) < 0) {
        if (!PyErr_Occurred()) {
            PyErr_Format(PyExc_RuntimeError, "%U is not the function that it should be", function->func_qualname);
        }
        Py_XDECREF(code);
        return -1;
    }
    function->func_version = 0; /* what was specialized for the old code */
    Py_SETREF(function->func_code, code);
    return 0;
}

#endif
