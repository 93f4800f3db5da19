/* Files by ways that raise no event, or one that doesn't say where the file is. */
#include "methods.h"

#include <fcntl.h>

#define MODE_OF_OPENING (O_WRONLY | O_RDWR | O_CREAT | O_TRUNC | O_APPEND)

/* Return the folder that a call names by its descriptor, WORKING_FOLDER for none, -2 with an error. */
static int
folder_of(Call *call)
{
    long fd;
    int has_number = call_number(call, -1, "dir_fd", &fd);
    if (has_number < 0) {
        return -2;
    }
    return has_number == 1 && fd >= 0 && fd <= INT_MAX ? (int)fd : -1;
}

/* Return what the flags of an open ask for. Twin: events.read_open. */
static int
what_flags_ask(long flags)
{
    if (flags & O_PATH) {
        return 0;
    }
    if (!(flags & MODE_OF_OPENING)) {
        return READS;
    }
    return (flags & O_ACCMODE) == O_WRONLY ? WRITES : READS | WRITES;
}

/* open(path, flags, mode=0o777, *, dir_fd=None): the event has no dir_fd. */
static int
ask_open(Call *call, const char *Py_UNUSED(name))
{
    PyObject *given = call_value(call, -1, "dir_fd");
    long flags;
    if (!given || given == Py_None) {
        return 0;
    }
    int folder = folder_of(call), has_flags = call_number(call, 1, "flags", &flags);
    if (folder == -2 || has_flags < 0 || call_settle(call, 2, "mode") < 0) {
        return -1;
    }
    return has_flags && folder >= 0 ? ask_about_path(call, 0, "path", folder, what_flags_ask(flags)) : 0;
}

/* mkfifo(path, mode, *, dir_fd) and mknod(path, mode, device, *, dir_fd) */
static int
ask_make(Call *call, const char *Py_UNUSED(name))
{
    int folder = folder_of(call);
    if (folder == -2 || call_settle(call, 1, "mode") < 0 || call_settle(call, 2, "device") < 0) {
        return -1;
    }
    return ask_about_path(call, 0, "path", folder, WRITES | BY_NAME);
}

/* memfd_create(name, flags): a file without a place; what is run from it counts as written. */
static int
ask_memory_file(Call *call, const char *Py_UNUSED(name))
{
    PyObject *value = call_value(call, 0, "name");
    PyObject *bytes = NULL;
    if (!value || !PyUnicode_FSConverter(value, &bytes)) {
        return value ? -1 : 0;
    }
    PyObject *target = PyUnicode_FromFormat("/memfd:%s", PyBytes_AS_STRING(bytes));
    int result = target && call_give(call, 0, "name", bytes) == 0 ? judge_ask(FS_WRITE, target, NULL) : -1;
    Py_XDECREF(target);
    Py_DECREF(bytes);
    return result;
}

/* What is written to may be a file or a socket. */
static int
ask_about_sink(Call *call, Py_ssize_t at, const char *name)
{
    long fd;
    int has_number = ask_about_descriptor(call, at, name, FS_WRITE) < 0 ? -1 : call_number(call, at, name, &fd);
    return has_number == 1 && fd >= 0 && fd <= INT_MAX ? ask_to_send((int)fd) : has_number < 0 ? -1 : 0;
}

/* From one descriptor to another, whoever opened them. */
static int
ask_transfer(Call *call, Py_ssize_t source, const char *source_name, Py_ssize_t sink, const char *sink_name)
{
    return ask_about_descriptor(call, source, source_name, FS_READ) < 0
               ? -1
               : ask_about_sink(call, sink, sink_name);
}

/* sendfile(out_fd, in_fd, offset, count) */
static int
ask_sendfile(Call *call, const char *Py_UNUSED(name))
{
    if (call_settle(call, 2, "offset") < 0 || call_settle(call, 3, "count") < 0) {
        return -1;
    }
    return ask_transfer(call, 1, "in_fd", 0, "out_fd");
}

/* splice(src, dst, count, offset_src, offset_dst, flags) and copy_file_range(src, dst, count, offset_src, offset_dst) */
static int
ask_copy(Call *call, const char *Py_UNUSED(name))
{
    static const char *const numbers[] = {"count", "offset_src", "offset_dst", "flags"};
    for (Py_ssize_t at = 0; at < (Py_ssize_t)Py_ARRAY_LENGTH(numbers); at++) {
        if (call_settle(call, 2 + at, numbers[at]) < 0) {
            return -1;
        }
    }
    return ask_transfer(call, 0, "src", 1, "dst");
}

/* Ask about a name of shared memory, which is a file of its own kind of folder. */
static int
ask_shared_memory(Call *call, long flags)
{
    PyObject *value = call_value(call, 0, "path");
    PyObject *once = value && PyUnicode_Check(value) ? PyUnicode_FromObject(value) : NULL;
    if (!once) {
        return PyErr_Occurred() ? -1 : 0;
    }
    int at = PyUnicode_GET_LENGTH(once) && PyUnicode_READ_CHAR(once, 0) == '/', what = what_flags_ask(flags), result = -1;
    PyObject *name = PyUnicode_Substring(once, at, PyUnicode_GET_LENGTH(once));
    PyObject *target = name ? PyUnicode_FromFormat("/dev/shm/%U", name) : NULL;
    if (target && call_give(call, 0, "path", once) == 0) {
        result = what & READS ? judge_ask(FS_READ, target, NULL) : 0;
        result = result == 0 && what & WRITES ? judge_ask(FS_WRITE, target, NULL) : result;
    }
    Py_XDECREF(name);
    Py_XDECREF(target);
    Py_DECREF(once);
    return result;
}

/* shm_open(path, flags, mode=511) */
static int
ask_shm_open(Call *call, const char *Py_UNUSED(name))
{
    long flags;
    int has_flags = call_number(call, 1, "flags", &flags);
    return has_flags == 1 ? ask_shared_memory(call, flags) : has_flags;
}

static int
ask_shm_unlink(Call *call, const char *Py_UNUSED(name))
{
    return ask_shared_memory(call, O_WRONLY);
}

const Method methods_of_files[] = {
    {"posix", NULL, "open", ask_open, NULL},
    {"posix", NULL, "mkfifo", ask_make, NULL},
    {"posix", NULL, "mknod", ask_make, NULL},
    {"posix", NULL, "memfd_create", ask_memory_file, NULL},
    {"posix", NULL, "sendfile", ask_sendfile, NULL},
    {"posix", NULL, "splice", ask_copy, NULL},
    {"posix", NULL, "copy_file_range", ask_copy, NULL},
    {"_posixshmem", NULL, "shm_open", ask_shm_open, NULL},
    {"_posixshmem", NULL, "shm_unlink", ask_shm_unlink, NULL},
    {NULL, NULL, NULL, NULL, NULL},
};
