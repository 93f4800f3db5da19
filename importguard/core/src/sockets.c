/* Socket addresses as the contract writes them. Twins: address_text and port_of in events.py. */
#include "readers.h"

static PyObject *
unix_text(PyObject *path)
{
    if (PyUnicode_READ_CHAR(path, 0) == 0) {
        PyObject *name = PyUnicode_Substring(path, 1, PyUnicode_GET_LENGTH(path));
        PyObject *text = name ? PyUnicode_FromFormat("unix:@%U", name) : NULL;
        Py_XDECREF(name);
        return text;
    }
    Asked asked = {0};
    PyObject *text = locate_text(path, WORKING_FOLDER, &asked) == 0 ? PyUnicode_FromFormat("unix:%U", asked.target) : NULL;
    asked_clear(&asked, 1);
    return text;
}

/* Read an address that is a path or an abstract name; return 0, or -1 with an error. */
static int
read_unix(PyObject *address, bool strict, Argument *read)
{
    if (argument_read(address, NAMES_A_PATH, strict, read) < 0) {
        return -1;
    }
    if (!read->text || !PyUnicode_GET_LENGTH(read->text)) {
        Py_CLEAR(read->text);
        return 0;
    }
    Py_SETREF(read->text, unix_text(read->text));
    return read->text ? 0 : -1;
}

/* Read a port: digits, "?" for an object that may say another number each time, no text for what is none. */
static int
read_port(PyObject *value, bool strict, Argument *read)
{
    *read = (Argument){NULL, true, false};
    if (PyLong_Check(value)) {
        PyObject *number = _PyLong_Copy((PyLongObject *)value);
        read->text = number ? PyObject_Str(number) : NULL;
        Py_XDECREF(number);
        return read->text ? 0 : -1;
    }
    if (PyIndex_Check(value)) {
        *read = (Argument){PyUnicode_FromString("?"), false, false};
        return read->text ? 0 : -1;
    }
    return PyUnicode_Check(value) || PyBytes_Check(value) ? 0 : argument_cant_be_read(value, strict);
}

/* Return a new str of an IPv6 host without its zone. */
static PyObject *
without_zone(PyObject *host)
{
    Py_ssize_t size = PyUnicode_GET_LENGTH(host), zone = PyUnicode_FindChar(host, '%', 0, size, 1);
    if (zone == 0 || size == 0) {
        return PyUnicode_FromString("::");
    }
    return PyUnicode_Substring(host, 0, zone < 0 ? size : zone);
}

static PyObject *
host_and_port(PyObject *host, PyObject *port, bool is_v6)
{
    if (is_v6 || PyUnicode_FindChar(host, ':', 0, PyUnicode_GET_LENGTH(host), 1) >= 0) {
        PyObject *plain = without_zone(host);
        PyObject *text = plain ? PyUnicode_FromFormat("[%U]:%U", plain, port) : NULL;
        Py_XDECREF(plain);
        return text;
    }
    return PyUnicode_GET_LENGTH(host) ? PyUnicode_FromFormat("%U:%U", host, port)
                                      : PyUnicode_FromFormat("0.0.0.0:%U", port);
}

/* Read an address that is a tuple, by what it holds and not by what its type says of it. */
static int
read_tuple(PyObject *address, bool strict, Argument *read)
{
    Argument host, port = {0};
    Py_ssize_t size = PyTuple_GET_SIZE(address);
    if (size < 2) {
        return 0;
    }
    if (argument_read(PyTuple_GET_ITEM(address, 0), NAMES_A_PATH_OR_DESCRIPTOR, strict, &host) < 0) {
        return -1;
    }
    int result = host.text ? read_port(PyTuple_GET_ITEM(address, 1), strict, &port) : 0;
    if (host.text && port.text) {
        *read = (Argument){host_and_port(host.text, port.text, size == 4), host.certain && port.certain, false};
        result = read->text ? 0 : -1;
    }
    Py_XDECREF(host.text);
    Py_XDECREF(port.text);
    return result;
}

/* Read a socket address; no text for families that leave no machine. Return 0, or -1 with an error. */
int
address_read(PyObject *address, bool strict, Argument *read)
{
    *read = (Argument){NULL, true, false};
    if (address == Py_None) {
        return 0;
    }
    return PyTuple_Check(address) ? read_tuple(address, strict, read) : read_unix(address, strict, read);
}

/* Return a socket address as the contract writes it (new reference); NULL with an error, or without one for none. */
PyObject *
address_text(PyObject *address)
{
    Argument read;
    return address_read(address, core.enforcing, &read) == 0 ? read.text : NULL;
}
