/* Arguments of calls that send, put in other words before anything is asked about the socket: what a package's own objects do while they are
 * asked what they hold would else come between the question and the sending. */
#include "sockets.h"

/* Return the bytes of what can't say of which kind they are, as the builtin asks for them; NULL with an error. */
static PyObject *
copied(PyObject *value)
{
    Py_buffer buffer;
    PyErr_Clear();
    if (PyObject_GetBuffer(value, &buffer, PyBUF_SIMPLE) < 0) {
        return NULL;
    }
    PyObject *bytes = PyBytes_FromStringAndSize(buffer.buf, buffer.len);
    PyBuffer_Release(&buffer);
    return bytes;
}

/* Return what holds the same bytes and runs nobody's code when it is asked for them (new reference), NULL with an error. */
static PyObject *
frozen(PyObject *value)
{
    if (PyBytes_CheckExact(value) || PyMemoryView_Check(value) || !PyObject_CheckBuffer(value)) {
        return Py_NewRef(value); /* what holds none, the builtin refuses */
    }
    PyObject *view = PyMemoryView_FromObject(value);
    return view || !PyErr_ExceptionMatches(PyExc_Exception) ? view : copied(value);
}

/* Return a tuple of what `frozen_item` makes of each item (new reference), NULL with an error. */
static PyObject *
frozen_all(PyObject *items, PyObject *(*frozen_item)(PyObject *))
{
    PyObject *given = PySequence_Tuple(items), *all = given ? PyTuple_New(PyTuple_GET_SIZE(given)) : NULL;
    for (Py_ssize_t at = 0; all && at < PyTuple_GET_SIZE(given); at++) {
        PyObject *item = frozen_item(PyTuple_GET_ITEM(given, at));
        if (!item) {
            Py_CLEAR(all);
            break;
        }
        PyTuple_SET_ITEM(all, at, item);
    }
    Py_XDECREF(given);
    return all;
}

/* A part of a message for the kernel is bytes, or a number. */
static PyObject *
frozen_part(PyObject *value)
{
    bool is_number = PyIndex_Check(value) && !PyLong_Check(value) && !PyObject_CheckBuffer(value);
    return is_number ? PyNumber_Index(value) : frozen(value);
}

static PyObject *
frozen_message(PyObject *message)
{
    return frozen_all(message, frozen_part);
}

/* Put something in the place of an argument, which it takes over; returns 0, or -1 with an error. */
static int
give(Call *call, Py_ssize_t at, PyObject *value)
{
    int result = value ? call_give(call, at, NULL, value) : -1;
    Py_XDECREF(value);
    return result;
}

int
freeze_data(Call *call, Py_ssize_t at)
{
    PyObject *value = call_value(call, at, NULL);
    return value ? give(call, at, frozen(value)) : 0;
}

int
freeze_data_of_all(Call *call, Py_ssize_t at)
{
    PyObject *value = call_value(call, at, NULL);
    return value ? give(call, at, frozen_all(value, frozen)) : 0;
}

/* Messages for the kernel are (level, type, data) each. */
int
freeze_messages(Call *call, Py_ssize_t at)
{
    PyObject *value = call_value(call, at, NULL);
    return value ? give(call, at, frozen_all(value, frozen_message)) : 0;
}

int
freeze_number(Call *call, Py_ssize_t at)
{
    long number;
    return call_number(call, at, NULL, &number) < 0 ? -1 : 0;
}
