/* Readers of events about everything but files. Twins: those of the same names in events.py. */
#include "reading.h"
#include "sockets.h"

#include <unistd.h>

int
reads_load_extension(Reading *reading, PyObject *args)
{
    return PyTuple_GET_SIZE(args) > 1 && ask_at(reading, NATIVE_LOAD, PyTuple_GET_ITEM(args, 1), WORKING_FOLDER) < 0
               ? -1
               : 0;
}

int
reads_address(Reading *reading, PyObject *args)
{
    Argument read;
    if (address_read(PyTuple_GET_ITEM(args, 1), reading->strict, &read) < 0) {
        return -1;
    }
    if (!read.text) {
        return 0;
    }
    Asked *asked = ask(reading, the_capability(reading));
    asked->certain = read.certain;
    return asked_take(asked, read.text);
}

int
reads_connection(Reading *reading, PyObject *args)
{
    opened_is_announced(PyTuple_GET_ITEM(args, 0));
    return reads_address(reading, args);
}

int
reads_text(Reading *reading, PyObject *args)
{
    return ask_for_text(reading, the_capability(reading), PyTuple_GET_ITEM(args, 0));
}

int
reads_getnameinfo(Reading *reading, PyObject *args)
{
    PyObject *address = PyTuple_GET_ITEM(args, 0);
    return PyTuple_Check(address) && PyTuple_GET_SIZE(address)
               ? ask_for_text(reading, NET_RESOLVE, PyTuple_GET_ITEM(address, 0))
               : 0;
}

/* Ask to start the file that a descriptor stands for; return 0, or -1 with an error. */
static int
ask_for_descriptor(Reading *reading, PyObject *fd)
{
    PyObject *number = _PyLong_Copy((PyLongObject *)fd);
    PyObject *path = number ? PyUnicode_FromFormat("/proc/self/fd/%S", number) : NULL;
    int result = path ? locate_text(path, WORKING_FOLDER, ask(reading, PROC_SPAWN)) : -1;
    Py_XDECREF(number);
    Py_XDECREF(path);
    return result;
}

/* Ask to start a program; return 1, 0 where it is none, -1 with an error. */
static int
ask_for_program(Reading *reading, PyObject *path)
{
    Argument read;
    if (argument_is_both(path)) {
        return argument_cant_be_read(path, reading->strict);
    }
    if (PyLong_Check(path)) {
        return ask_for_descriptor(reading, path) < 0 ? -1 : 1;
    }
    if (program_read(path, Py_None, reading->strict, &read) < 0) {
        return -1;
    }
    if (!read.text) {
        return 0;
    }
    Asked *asked = ask(reading, PROC_SPAWN);
    asked->certain = read.certain;
    return asked_take(asked, read.text) < 0 ? -1 : 1;
}

int
reads_spawn(Reading *reading, PyObject *args)
{
    int found = ask_for_program(reading, PyTuple_GET_ITEM(args, 0));
    if (found <= 0) {
        return found;
    }
    reading->asked->argv = argv_text(PyTuple_GET_ITEM(args, 1));
    return reading->asked->argv ? 0 : -1;
}

int
reads_system(Reading *reading, PyObject *args)
{
    Argument read;
    if (ask_for(reading, PROC_SPAWN, PyUnicode_FromString("/bin/sh")) < 0
        || argument_read(PyTuple_GET_ITEM(args, 0), NAMES_A_PATH, reading->strict, &read) < 0) {
        return -1;
    }
    reading->asked->argv = read.text ? Py_BuildValue("(ssO)", "sh", "-c", read.text) : Py_BuildValue("(sss)", "sh", "-c", "");
    Py_XDECREF(read.text);
    return reading->asked->argv ? 0 : -1;
}

int
reads_fork(Reading *reading, PyObject *Py_UNUSED(args))
{
    if (ask_for(reading, PROC_SPAWN, PyUnicode_FromString(reading->reader->name)) < 0) {
        return -1;
    }
    reading->asked->argv = Py_BuildValue("(s)", reading->reader->name);
    return reading->asked->argv ? 0 : -1;
}

int
reads_kill(Reading *reading, PyObject *args)
{
    PyObject *pid = PyTuple_GET_ITEM(args, 0);
    return ask_for(reading, PROC_SIGNAL, PyLong_CheckExact(pid) ? PyObject_Str(pid) : PyUnicode_FromString("?"));
}

/* Limits that are too low for it end a process as a signal does, or have it fail. */
int
reads_limits(Reading *reading, PyObject *args)
{
    PyObject *process = PyTuple_GET_ITEM(args, 0);
    int overflow = 0;
    long pid = PyLong_CheckExact(process) ? PyLong_AsLongAndOverflow(process, &overflow) : -1;
    if (PyTuple_GET_ITEM(args, 2) == Py_None || (!overflow && (pid == 0 || pid == (long)getpid()))) {
        return 0;
    }
    return reads_kill(reading, args);
}

int
reads_dlopen(Reading *reading, PyObject *args)
{
    Argument read;
    if (argument_read(PyTuple_GET_ITEM(args, 0), NAMES_A_PATH, reading->strict, &read) < 0) {
        return -1;
    }
    if (!read.text || !PyUnicode_GET_LENGTH(read.text)) {
        Py_XDECREF(read.text);
        return 0;
    }
    if (PyUnicode_FindChar(read.text, '/', 0, PyUnicode_GET_LENGTH(read.text), 1) < 0) {
        return ask_for(reading, NATIVE_LOAD, read.text);
    }
    Asked *asked = ask(reading, NATIVE_LOAD);
    int result = locate_text(read.text, WORKING_FOLDER, asked);
    asked->certain = read.certain;
    Py_DECREF(read.text);
    return result;
}

/* A symbol may be asked for by number as well. */
int
reads_dlsym(Reading *reading, PyObject *args)
{
    PyObject *name = PyTuple_GET_ITEM(args, PyTuple_GET_SIZE(args) - 1);
    return PyUnicode_Check(name) || PyBytes_Check(name) ? ask_for_text(reading, NATIVE_CALL, name) : 0;
}

int
reads_pickle(Reading *reading, PyObject *args)
{
    PyObject *module = PyTuple_GET_ITEM(args, 0), *name = PyTuple_GET_ITEM(args, 1);
    if (!PyUnicode_Check(module) || !PyUnicode_Check(name)) {
        return 0;
    }
    PyObject *plain_module = PyUnicode_FromObject(module), *plain_name = PyUnicode_FromObject(name);
    PyObject *target = plain_module && plain_name ? PyUnicode_FromFormat("pickle:%U.%U", plain_module, plain_name) : NULL;
    Py_XDECREF(plain_module);
    Py_XDECREF(plain_name);
    return ask_for(reading, CODE_RUN, target);
}

int
reads_named(Reading *reading, PyObject *Py_UNUSED(args))
{
    return ask_for(reading, the_capability(reading), PyUnicode_FromString(reading->reader->name));
}
