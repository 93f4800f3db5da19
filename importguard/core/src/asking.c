/* How readers ask: what a request is made of. */
#include "reading.h"

#include <limits.h>

/* Return the room for one more request. */
Asked *
ask(Reading *reading, Capability capability)
{
    Asked *asked = &reading->asked[reading->count++];
    *asked = (Asked){.capability = capability, .certain = true};
    return asked;
}

/* Ask for a target that is there already, and take its reference; return 0, or -1 with an error. */
int
ask_for(Reading *reading, Capability capability, PyObject *target)
{
    return asked_take(ask(reading, capability), target);
}

/* Ask for one more thing of the last target; return 0. */
int
ask_as_well(Reading *reading, Capability capability, const Asked *other)
{
    Asked *asked = ask(reading, capability);
    *asked = *other;
    asked->capability = capability;
    Py_XINCREF(asked->target);
    Py_XINCREF(asked->keeper);
    return 0;
}

/* Ask for the place of a path argument; return 1, 0 where it is no path, -1 with an error. */
int
ask_at(Reading *reading, Capability capability, PyObject *value, int dir_fd)
{
    return ask_at_name(reading, capability, value, dir_fd, reading->reader->by_name);
}

/* The same, where it depends on more than the event whether a link is followed. */
int
ask_at_name(Reading *reading, Capability capability, PyObject *value, int dir_fd, bool by_name)
{
    Asked *asked = ask(reading, capability);
    asked->by_name = by_name;
    if (locate(value, reading->reader->takes, dir_fd, reading->strict, asked) < 0) {
        return -1;
    }
    reading->count -= asked->target == NULL;
    return asked->target != NULL;
}

/* Ask for what a text argument says; return 0, or -1 with an error. */
int
ask_for_text(Reading *reading, Capability capability, PyObject *value)
{
    Argument read;
    if (argument_read(value, NAMES_A_PATH, reading->strict, &read) < 0) {
        return -1;
    }
    if (!read.text || !PyUnicode_GET_LENGTH(read.text)) {
        Py_XDECREF(read.text);
        return 0;
    }
    Asked *asked = ask(reading, capability);
    asked->certain = read.certain;
    return asked_take(asked, read.text);
}

/* Return the capability that a reader asks for, where it's a single one. */
Capability
the_capability(const Reading *reading)
{
    return (Capability)__builtin_ctz(reading->reader->asks);
}

/* Return the folder's descriptor among the arguments, or WORKING_FOLDER. */
int
dir_fd_of(PyObject *args, Py_ssize_t at)
{
    if (at < 0 || at >= PyTuple_GET_SIZE(args) || !PyLong_CheckExact(PyTuple_GET_ITEM(args, at))) {
        return WORKING_FOLDER;
    }
    int overflow;
    long fd = PyLong_AsLongAndOverflow(PyTuple_GET_ITEM(args, at), &overflow);
    return overflow || fd < 0 || fd > INT_MAX ? WORKING_FOLDER : (int)fd;
}
