/* A piece of a file, as Python names it: (path, start, size). */
#include "piece.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

/* Return the name of a file as bytes (new reference): before there are codecs each character of a text is encoded by itself, which takes longer
 * than all else here. NULL with an exception set. */
static PyObject *
name_of(PyObject *path)
{
    if (PyBytes_CheckExact(path)) {
        return Py_NewRef(path);
    }
    if (!PyUnicode_CheckExact(path)) {
        PyErr_SetString(PyExc_TypeError, "a file is named by a text or by bytes");
        return NULL;
    }
    return PyUnicode_IS_ASCII(path) ? PyUnicode_AsASCIIString(path) : PyUnicode_EncodeFSDefault(path);
}

/* Open a piece for reading; returns 0, or -1 with an exception set. */
int
piece_open(PyObject *place, Piece *piece)
{
    PyObject *path, *name;
    Py_ssize_t start, size;
    if (!PyTuple_CheckExact(place)) {
        PyErr_SetString(PyExc_TypeError, "a piece of a file is (path, start, size)");
        return -1;
    }
    if (!PyArg_ParseTuple(place, "Onn", &path, &start, &size) || !(name = name_of(path))) {
        return -1;
    }
    bool is_name = start >= 0 && size >= 0 && strlen(PyBytes_AS_STRING(name)) == (size_t)PyBytes_GET_SIZE(name);
    *piece = (Piece){is_name ? open(PyBytes_AS_STRING(name), O_RDONLY | O_CLOEXEC | O_NONBLOCK) : -1, start, (size_t)size};
    Py_DECREF(name);
    if (piece->fd >= 0) {
        return 0;
    }
    if (is_name) {
        PyErr_SetFromErrnoWithFilenameObject(PyExc_OSError, path);
    }
    else {
        PyErr_SetString(PyExc_ValueError, "no piece of a file");
    }
    return -1;
}

/* Read the beginning of a piece and leave the rest; say whether there is that much. */
bool
piece_read(Piece *piece, void *data, size_t size)
{
    if (piece->size < size || pread(piece->fd, data, size, piece->start) != (ssize_t)size) {
        return false;
    }
    piece->start += (off_t)size;
    piece->size -= size;
    return true;
}

void
piece_close(const Piece *piece)
{
    close(piece->fd);
}
