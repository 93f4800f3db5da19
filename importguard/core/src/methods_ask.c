/* Requests that more than one builtin makes. */
#include "carrier.h"
#include "methods.h"
#include "readers.h"

#include <sys/stat.h>
#include <unistd.h>

/* Ask for each of what is done to a path that has no links left; returns 0 or -1. */
static int
ask_for(PyObject *target, int what)
{
    if (what & READS && judge_ask(FS_READ, target, NULL) < 0) {
        return -1;
    }
    return what & WRITES ? judge_ask(FS_WRITE, target, NULL) : 0;
}

/* Return a path argument that says the same however often it is asked (new reference), NULL with an error. Some builtins
 * take a buffer for a path, which can change: it is copied where anything may be refused. */
static PyObject *
read_once(PyObject *value)
{
    PyObject *once = argument_once(value);
    if (once && core.enforcing && !PyBytes_Check(once) && PyObject_CheckBuffer(once)) {
        Py_SETREF(once, PyBytes_FromObject(once));
    }
    return once;
}

/* Ask about an argument that is a path, for reading and writing as `what` says; None, a descriptor and what is no path are
 * left to the builtin. Returns 0 or -1. */
int
ask_about_path(Call *call, Py_ssize_t at, const char *name, int dir_fd, int what)
{
    PyObject *value = call_value(call, at, name);
    if (!value || value == Py_None) {
        return 0;
    }
    if (argument_is_both(value)) {
        return argument_cant_be_read(value, core.enforcing);
    }
    if (PyLong_Check(value)) {
        return 0;
    }
    PyObject *once = read_once(value);
    if (!once) {
        return -1;
    }
    int result = call_give(call, at, name, once);
    bool is_path = PyUnicode_Check(once) || PyBytes_Check(once);
    PyObject *target = NULL;
    if (result == 0 && is_path) {
        target = what & BY_NAME ? locate_name_at(once, dir_fd) : locate_at(once, dir_fd);
    }
    if (target) {
        result = ask_for(target, what);
    }
    else if (PyErr_Occurred()) {
        result = -1;
    }
    Py_XDECREF(target);
    Py_DECREF(once);
    return result;
}

/* Ask about the file behind a descriptor, if it is one with a name. Returns 0 or -1. */
int
ask_about_descriptor(Call *call, Py_ssize_t at, const char *name, Capability capability)
{
    char link[64], path[4096];
    struct stat status;
    long fd;
    int has_number = call_number(call, at, name, &fd);
    if (has_number != 1 || fd < 0 || fd > INT_MAX || fstat((int)fd, &status) < 0 || !S_ISREG(status.st_mode)) {
        return has_number < 0 ? -1 : 0;
    }
    PyOS_snprintf(link, sizeof link, "/proc/self/fd/%ld", fd);
    ssize_t size = readlink(link, path, sizeof path);
    if (size <= 0 || path[0] != '/') {
        return 0;
    }
    PyObject *target = PyUnicode_DecodeUTF8(path, size, "surrogateescape");
    int result = target ? judge_ask(capability, target, NULL) : -1;
    Py_XDECREF(target);
    return result;
}

/* Say whether no rule speaks of a capability. */
static OFTEN bool
is_unwatched(Capability capability)
{
    return !core.armed || !table_watches_any(core.table, capability);
}

/* Say whether the application can't be refused it here. */
static OFTEN bool
is_the_applications_to_have(Capability capability)
{
    return !table_may_refuse_app(core.table, 1U << capability) && !core.candidate
           && PyThreadState_GetInterpreter(PyThreadState_Get()) == core.interpreter;
}

/* Say whether nobody can be refused a capability here: no rule speaks of it, or it is the application that asks. */
OFTEN bool
ask_is_free(Capability capability)
{
    return is_unwatched(capability) || (is_the_applications_to_have(capability) && capture_is_the_application());
}

/* Say the same within a call of a builtin, which may have asked before. */
OFTEN bool
ask_was_free(Capability capability, const Call *call)
{
    return is_unwatched(capability) || (is_the_applications_to_have(capability) && capture_was_the_application(call->since));
}

/* Ask about something that has a fixed name. Returns 0 or -1. */
int
ask_about_name(Capability capability, const char *format, const char *name)
{
    PyObject *target = PyUnicode_FromFormat(format, name);
    int result = target ? judge_ask(capability, target, NULL) : -1;
    Py_XDECREF(target);
    return result;
}
