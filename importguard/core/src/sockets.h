/* Sockets that are there already: what goes by them, and who has opened them. */
#ifndef IMPORTGUARD_SOCKETS_H
#define IMPORTGUARD_SOCKETS_H

#include "methods.h"

/* How a socket of CPython 3.11 to 3.13 begins: all zero but `fd` until its __init__ has run. */
typedef struct {
    PyObject_HEAD
    int fd;
    int family, type, protocol;
} Socket;

/* opened.c */
uint64_t socket_number(int fd);
void opened_is_announced(PyObject *socket);
int opened_before(Call *call, const char *name);
PyObject *opened_connection(Call *call, PyObject *result);
PyObject *opened_listener(Call *call, PyObject *result);
PyObject *opened_by_accepting(Call *call, PyObject *result);

/* frozen.c */
int freeze_data(Call *call, Py_ssize_t at);
int freeze_data_of_all(Call *call, Py_ssize_t at);
int freeze_messages(Call *call, Py_ssize_t at);
int freeze_number(Call *call, Py_ssize_t at);

#endif
