/* A piece of a file, as Python names it: (path, start, size). */
#include "piece.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

/* Open a piece for reading; returns 0, or -1 with an exception set. */
int
piece_open(PyObject *place, Piece *piece)
{
    PyObject *path, *encoded;
    Py_ssize_t start, size;
    if (!PyTuple_CheckExact(place)) {
        PyErr_SetString(PyExc_TypeError, "a piece of a file is (path, start, size)");
        return -1;
    }
    if (!PyArg_ParseTuple(place, "Unn", &path, &start, &size) || !(encoded = PyUnicode_EncodeFSDefault(path))) {
        return -1;
    }
    bool is_name = start >= 0 && size >= 0 && strlen(PyBytes_AS_STRING(encoded)) == (size_t)PyBytes_GET_SIZE(encoded);
    *piece = (Piece){is_name ? open(PyBytes_AS_STRING(encoded), O_RDONLY | O_CLOEXEC | O_NONBLOCK) : -1, start, (size_t)size};
    Py_DECREF(encoded);
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
