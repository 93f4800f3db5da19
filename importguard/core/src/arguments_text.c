/* Arguments of an event as texts: nothing of a package's own runs but what the operation itself has to ask. */
#include "readers.h"

#include <errno.h>
#include <limits.h>
#include <stdarg.h>

/* Refuse what isn't clear, for a reason; return 0 where nothing may be refused, else -1 with an error. */
int
refuse_unclear(bool strict, const char *format, ...)
{
    va_list words;
    PyErr_Clear();
    if (!strict) {
        return 0;
    }
    va_start(words, format);
    PyObject *reason = PyUnicode_FromFormatV(format, words);
    va_end(words);
    PyObject *text = reason ? PyUnicode_FromFormat("importguard IG204: %U, and refuses", reason) : NULL;
    PyObject *error = text ? PyObject_CallFunction(PyExc_PermissionError, "iO", EACCES, text) : NULL;
    if (error) {
        PyErr_SetObject(PyExc_PermissionError, error);
    }
    Py_XDECREF(reason);
    Py_XDECREF(text);
    Py_XDECREF(error);
    return -1;
}

/* Refuse an argument that can't be read for certain; returns like refuse_unclear. */
int
argument_cant_be_read(PyObject *value, bool strict)
{
    return refuse_unclear(strict, "can't tell what a '%.200s' stands for", Py_TYPE(value)->tp_name);
}

/* Return a new exact str with what a str or bytes holds, copied by C code where it is of a subclass. */
static PyObject *
text_of_plain(PyObject *value)
{
    if (PyUnicode_Check(value)) {
        return PyUnicode_FromObject(value);
    }
    return PyUnicode_DecodeUTF8(PyBytes_AS_STRING(value), PyBytes_GET_SIZE(value), "surrogateescape");
}

/* Return a new bytes object with what a bytearray and its like hold, NULL with an error. */
static PyObject *
bytes_of_buffer(PyObject *value)
{
    PyObject *view = PyMemoryView_FromObject(value);
    PyObject *bytes = view ? PyBytes_FromObject(view) : NULL;
    Py_XDECREF(view);
    return bytes;
}

/* Say whether a type is as it was made: a package can take away from its own what an operation has used. */
static bool
is_settled(PyTypeObject *type)
{
    return !(type->tp_flags & Py_TPFLAGS_HEAPTYPE) || (type->tp_flags & Py_TPFLAGS_IMMUTABLETYPE);
}

static bool
has_path(PyObject *value)
{
    static PyObject *name;
    if (!name && !(name = PyUnicode_InternFromString("__fspath__"))) {
        PyErr_Clear();
        return false;
    }
    return _PyType_Lookup(Py_TYPE(value), name) != NULL;
}

/* Say whether a value is a number to whoever asks for that first, and a path to others. */
bool
argument_is_both(PyObject *value)
{
    return !PyLong_CheckExact(value) && PyIndex_Check(value) && (PyUnicode_Check(value) || PyBytes_Check(value) || has_path(value));
}

/* Say whether a value without a path is a descriptor to the operation, or nothing, for certain. */
static bool
is_descriptor(PyObject *value, Takes takes)
{
    if (PyLong_CheckExact(value) || PyBool_Check(value)) {
        return true;
    }
    if (takes != NAMES_A_PATH_OR_DESCRIPTOR) {
        return false;
    }
    if (!PyLong_Check(value)) {
        return PyIndex_Check(value) && is_settled(Py_TYPE(value));
    }
    int overflow;
    long number = PyLong_AsLongAndOverflow(value, &overflow);
    return !overflow && number >= INT_MIN && number <= INT_MAX;
}

/* Say whether this CPython takes a value for what its buffer holds, though it says a path of its own. */
static bool
is_two_paths(PyObject *value)
{
    return PY_VERSION_HEX < 0x030C0000 && PyObject_CheckBuffer(value) && has_path(value);
}

/* Read an argument whose own code or buffer says what it is; return 0, or -1 with an error. */
static int
read_by_asking(PyObject *value, bool strict, Argument *read)
{
    if (is_two_paths(value) && argument_cant_be_read(value, strict) < 0) {
        return -1;
    }
    read->is_buffers = !has_path(value);
    PyObject *answer = read->is_buffers ? bytes_of_buffer(value) : PyOS_FSPath(value);
    if (!answer) {
        bool is_its_own = PyErr_ExceptionMatches(PyExc_Exception) && !PyErr_ExceptionMatches(PyExc_MemoryError);
        return is_its_own ? argument_cant_be_read(value, strict) : -1;
    }
    read->text = text_of_plain(answer);
    read->certain = is_settled(Py_TYPE(value));
    Py_DECREF(answer);
    return read->text ? 0 : -1;
}

/* Read a path argument, or another text. Twin: paths.as_text. What is neither a path nor a descriptor can't come from
   the operation, unless its type was changed meanwhile: it is refused. Return 0, or -1 with an error. */
int
argument_read(PyObject *value, Takes takes, bool strict, Argument *read)
{
    *read = (Argument){NULL, true, false};
    if (PyUnicode_CheckExact(value)) {
        read->text = Py_NewRef(value);
        return 0;
    }
    if (PyUnicode_Check(value) || PyBytes_Check(value)) {
        read->text = text_of_plain(value);
        return read->text ? 0 : -1;
    }
    if (value == Py_None) {
        return 0;
    }
    if (has_path(value) || PyObject_CheckBuffer(value)) {
        return read_by_asking(value, strict, read);
    }
    return is_descriptor(value, takes) ? 0 : argument_cant_be_read(value, strict);
}

/* Return a new reference to a path argument that answers the same to whoever asks, NULL with an error. */
PyObject *
argument_once(PyObject *value)
{
    if (PyUnicode_CheckExact(value) || PyBytes_CheckExact(value) || PyLong_CheckExact(value)) {
        return Py_NewRef(value);
    }
    if (PyUnicode_Check(value)) {
        return PyUnicode_FromObject(value);
    }
    if (PyBytes_Check(value)) {
        return PyBytes_FromStringAndSize(PyBytes_AS_STRING(value), PyBytes_GET_SIZE(value));
    }
    if (!has_path(value)) {
        return Py_NewRef(value);
    }
    PyObject *path = PyOS_FSPath(value), *copy = path ? argument_once(path) : NULL;
    Py_XDECREF(path);
    return copy;
}

/* Return a new exact str for one of a program's arguments, "?" for what is no text, NULL with an error. */
static PyObject *
argv_item(PyObject *item)
{
    return PyUnicode_CheckExact(item) || PyBytes_CheckExact(item) ? text_of_plain(item) : PyUnicode_FromString("?");
}

/* Return a program's arguments as a new tuple of exact str, empty for what is no tuple or list of them; NULL with an
   error. Twin: events.argv_text. */
PyObject *
argv_text(PyObject *argv)
{
    PyObject *items = PyTuple_CheckExact(argv) ? Py_NewRef(argv)
                      : PyList_CheckExact(argv) ? PyList_AsTuple(argv)
                                                : PyTuple_New(0);
    Py_ssize_t size = items ? PyTuple_GET_SIZE(items) : 0;
    PyObject *texts = items ? PyTuple_New(size) : NULL;
    for (Py_ssize_t at = 0; texts && at < size; at++) {
        PyObject *text = argv_item(PyTuple_GET_ITEM(items, at));
        if (!text) {
            Py_CLEAR(texts);
            break;
        }
        PyTuple_SET_ITEM(texts, at, text);
    }
    Py_XDECREF(items);
    return texts;
}
