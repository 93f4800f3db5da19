/* What the readers share: how they ask. Each reader returns 0, or -1 with an error. */
#ifndef IMPORTGUARD_READING_H
#define IMPORTGUARD_READING_H

#include "readers.h"

#define CAN(capability) (1u << (capability))
#define NOWHERE (-1)

struct Reading {
    const Reader *reader;
    Asked *asked;
    int count;
    bool strict;
};

/* asking.c */
Asked *ask(Reading *reading, Capability capability);
int ask_for(Reading *reading, Capability capability, PyObject *target);
int ask_as_well(Reading *reading, Capability capability, const Asked *other);
int ask_at(Reading *reading, Capability capability, PyObject *value, int dir_fd);
int ask_at_name(Reading *reading, Capability capability, PyObject *value, int dir_fd, bool by_name);
int ask_for_text(Reading *reading, Capability capability, PyObject *value);
Capability the_capability(const Reading *reading);
int dir_fd_of(PyObject *args, Py_ssize_t at);

/* read_files.c, read_others.c */
uint32_t open_asks(PyObject *args);
int reads_open(Reading *reading, PyObject *args);
int reads_list(Reading *reading, PyObject *args);
int reads_write(Reading *reading, PyObject *args);
int reads_remove(Reading *reading, PyObject *args);
int reads_mkdir(Reading *reading, PyObject *args);
int reads_move(Reading *reading, PyObject *args);
int reads_link(Reading *reading, PyObject *args);
int reads_symlink(Reading *reading, PyObject *args);
int reads_database(Reading *reading, PyObject *args);
int reads_load_extension(Reading *reading, PyObject *args);
int reads_address(Reading *reading, PyObject *args);
int reads_connection(Reading *reading, PyObject *args);
int reads_text(Reading *reading, PyObject *args);
int reads_getnameinfo(Reading *reading, PyObject *args);
int reads_spawn(Reading *reading, PyObject *args);
int reads_system(Reading *reading, PyObject *args);
int reads_fork(Reading *reading, PyObject *args);
int reads_kill(Reading *reading, PyObject *args);
int reads_limits(Reading *reading, PyObject *args);
int reads_dlopen(Reading *reading, PyObject *args);
int reads_dlsym(Reading *reading, PyObject *args);
int reads_pickle(Reading *reading, PyObject *args);
int reads_named(Reading *reading, PyObject *args);

#endif
