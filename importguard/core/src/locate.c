/* Where a path argument lies: what a reader gives as the target of a request. Twin: events.locate. */
#include "readers.h"

#include <string.h>

/* Give an Asked a target that is there already, and take its reference; return 0, or -1 with an error. */
int
asked_take(Asked *asked, PyObject *target)
{
    asked->target = target;
    return target ? text_of(target, &asked->text, &asked->keeper) : -1;
}

/* Give a path that was resolved; it is what was given itself where no link was on the way. Return 0 or -1. */
static int
take_real(Asked *asked, PyObject *given, Text name, const Buffer *real)
{
    bool is_same = real->size == name.size && memcmp(real->data, name.data, name.size) == 0;
    return asked_take(asked, is_same ? Py_NewRef(given) : text_object_of_name(buffer_text(real)));
}

/* Give back what requests hold. */
void
asked_clear(Asked *asked, int count)
{
    for (int at = 0; at < count; at++) {
        Py_CLEAR(asked[at].target);
        Py_CLEAR(asked[at].argv);
        Py_CLEAR(asked[at].keeper);
    }
}

/* Return the kind of file that a target is now (S_IFDIR and its like), 0 where there is none. */
mode_t
asked_kind(const Asked *asked, bool through_links)
{
    Text name;
    PyObject *keeper;
    if (text_of_name(asked->target, &name, &keeper) < 0) {
        PyErr_Clear();
        return 0;
    }
    mode_t kind = paths_kind(name, through_links);
    Py_XDECREF(keeper);
    return kind;
}

/* Locate a path that is an exact str; return 0, or -1 with an error. */
int
locate_text(PyObject *path, int dir_fd, Asked *asked)
{
    Text name;
    PyObject *keeper;
    Buffer real;
    if (text_of_name(path, &name, &keeper) < 0) {
        return -1;
    }
    buffer_start(&real);
    int result = asked->by_name ? paths_resolve_name(name, dir_fd, &real) : paths_resolve(name, dir_fd, &real);
    result = result == 0 ? take_real(asked, path, name, &real) : result;
    buffer_end(&real);
    Py_XDECREF(keeper);
    return result;
}

/* Locate a path argument; no target for a descriptor or nothing. Return 0, or -1 with an error. */
int
locate(PyObject *value, Takes takes, int dir_fd, bool strict, Asked *asked)
{
    Argument read;
    if (argument_read(value, takes, strict, &read) < 0) {
        return -1;
    }
    /* A name in a buffer is copied before the operation reads its other arguments, whose code may write another one there. */
    int result = read.text && read.is_buffers ? argument_cant_be_read(value, strict) : 0;
    if (result == 0 && read.text && PyUnicode_GET_LENGTH(read.text)) {
        result = locate_text(read.text, dir_fd, asked);
        asked->certain = read.certain;
    }
    Py_XDECREF(read.text);
    return result;
}

/* Return a path argument as an absolute path without links (new reference), relative to a folder's descriptor or to
   WORKING_FOLDER; NULL with an error, or without one when it is no path. */
static PyObject *
located(PyObject *path, int dir_fd, bool by_name)
{
    Asked asked = {.by_name = by_name};
    int result = locate(path, NAMES_A_PATH_OR_DESCRIPTOR, dir_fd, core.enforcing, &asked);
    PyObject *target = result == 0 ? Py_XNewRef(asked.target) : NULL;
    asked_clear(&asked, 1);
    return target;
}

PyObject *
locate_at(PyObject *path, int dir_fd)
{
    return located(path, dir_fd, false);
}

/* Return where a name lies, whatever the link leads to that it may be; like locate_at. */
PyObject *
locate_name_at(PyObject *path, int dir_fd)
{
    return located(path, dir_fd, true);
}
