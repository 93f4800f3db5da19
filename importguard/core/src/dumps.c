/* What the faulthandler writes, which are the names of functions and files, and where to: at once, or whenever it comes to that.
 * No twin. */
#include "methods.h"

#include <limits.h>

/* Keep a file for good that the faulthandler would keep open, and of which it has nothing but the number; 0, or -1 with an error. */
static int
keep_open(PyObject *file)
{
    static PyObject *kept;
    if (!kept) {
        if (!(kept = PyList_New(0))) {
            return -1;
        }
        PyObject_GC_UnTrack(kept);
    }
    for (Py_ssize_t at = 0; at < PyList_GET_SIZE(kept); at++) {
        if (PyList_GET_ITEM(kept, at) == file) {
            return 0;
        }
    }
    return PyList_Append(kept, file);
}

/* Ask about the file of a faulthandler, which writes the names of functions and files there, at once or whenever it comes to that;
 * returns 0 or -1. */
static int
ask_about_dump_to(Call *call, Py_ssize_t at, PyObject *file, bool is_for_later)
{
    long fd;
    int has_number = held_give_number(call, at, "file", file) < 0 ? -1 : call_number(call, at, "file", &fd);
    if (has_number >= 0 && !PyLong_Check(file)) {
        /* As for a file: what it has kept goes first. */
        Py_XDECREF(PyObject_CallMethod(file, "flush", NULL));
        PyErr_Clear();
    }
    if (has_number < 0 || (has_number == 1 && fd >= 0 && fd <= INT_MAX && ask_to_send((int)fd) < 0)) {
        return -1;
    }
    return is_for_later && !PyLong_Check(file) ? keep_open(file) : 0;
}

/* Without a file it is sys.stderr, which may be an object of anybody's by then. */
static int
ask_about_dump(Call *call, Py_ssize_t at, bool is_for_later)
{
    PyObject *given = call_value(call, at, "file");
    PyObject *file = given && given != Py_None ? given : PySys_GetObject("stderr");
    if (!file || file == Py_None || ask_is_free(NET_CONNECT)) {
        return 0;
    }
    Py_INCREF(file);
    int result = given || call_add(call, "file", Py_None) == 0 ? ask_about_dump_to(call, at, file, is_for_later) : -1;
    Py_DECREF(file);
    return result;
}

/* dump_traceback(file, all_threads) */
static int
ask_to_dump(Call *call, const char *Py_UNUSED(name))
{
    return ask_about_dump(call, 0, false);
}

/* enable(file, all_threads) */
static int
ask_to_dump_at_the_end(Call *call, const char *Py_UNUSED(name))
{
    return ask_about_dump(call, 0, true);
}

/* register(signum, file, all_threads, chain) */
static int
ask_to_dump_by_signal(Call *call, const char *Py_UNUSED(name))
{
    return ask_about_dump(call, 1, true);
}

/* dump_traceback_later(timeout, repeat, file, exit) */
static int
ask_to_dump_later(Call *call, const char *Py_UNUSED(name))
{
    return ask_about_dump(call, 2, true);
}

const Method methods_of_dumps[] = {
    {"faulthandler", NULL, "dump_traceback", ask_to_dump, NULL},
    {"faulthandler", NULL, "enable", ask_to_dump_at_the_end, NULL},
    {"faulthandler", NULL, "register", ask_to_dump_by_signal, NULL},
    {"faulthandler", NULL, "dump_traceback_later", ask_to_dump_later, NULL},
    {NULL, NULL, NULL, NULL, NULL},
};
