/* How the import system's get_data(path) gets at what a module's file holds: `io.open_code` gives it the content at once, which is
 * what the proof is made by, rather than a file object that it reads and closes. Four calls into the kernel are three fewer. No twin.
 *
 * For everybody else, and for what is no regular file, it is the file object that it always was. */
#include "builtins.h"

#include "internal/pycore_runtime.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#define FLAGS (O_RDONLY | O_CLOEXEC)

static _PyCFunctionFastWithKeywords real_open_code;
static PyObject *memory_file; /* io.BytesIO */

static PyObject *announced; /* the arguments of the event of a path that is opened unless it is a link */

/* Say whether an event is that of a path which the guard opens next, so that it will see whether it is a link: nobody else needs to look.
 * It is known by its arguments, and once only: the name itself may be opened by others meanwhile. */
bool
opening_sees_links(PyObject *args)
{
    bool is_it = args == announced;
    announced = NULL;
    return is_it;
}

/* Return a descriptor of what a path leads to; -1 with an exception set, or with errno ELOOP and none. */
static int
open_name(PyObject *path, const char *name, int flags)
{
    int fd;
    do {
        Py_BEGIN_ALLOW_THREADS;
        fd = open(name, flags);
        Py_END_ALLOW_THREADS;
    } while (fd < 0 && errno == EINTR && PyErr_CheckSignals() == 0);
    if (fd < 0 && !PyErr_Occurred() && (errno != ELOOP || !(flags & O_NOFOLLOW))) {
        PyErr_SetFromErrnoWithFilenameObject(PyExc_OSError, path);
    }
    return fd;
}

/* Raise the event of an `open`; returns 0, or -1 with an exception set. A tuple that is there already is what the hooks are given, so that
 * nothing is made in between, which could have garbage collected and finalizers run. */
static int
raise_event(PyObject *args, bool is_absolute)
{
    announced = is_absolute ? args : NULL;
    int result = PySys_Audit("open", "O", args);
    announced = NULL;
    return result;
}

/* Return a descriptor of a file, as `open(path, "rb")` would have it; -1 with an exception set. Where there is a link and none was thought
 * of, the guard alone is asked again, of what it leads to. */
static int
open_file(PyObject *path, bool *is_link)
{
    PyObject *encoded = NULL, *args = Py_BuildValue("Osi", path, "r", FLAGS);
    int fd = -1;
    *is_link = PyUnicode_GET_LENGTH(path) == 0 || PyUnicode_READ_CHAR(path, 0) != '/'; /* or may be one */
    if (args && PyUnicode_FSConverter(path, &encoded) && raise_event(args, !*is_link) == 0) {
        fd = open_name(path, PyBytes_AS_STRING(encoded), *is_link ? FLAGS : FLAGS | O_NOFOLLOW);
        *is_link = *is_link || (fd < 0 && !PyErr_Occurred());
        if (fd < 0 && !PyErr_Occurred() && hook("open", args, NULL) == 0) {
            fd = open_name(path, PyBytes_AS_STRING(encoded), FLAGS);
        }
    }
    Py_XDECREF(encoded);
    Py_XDECREF(args);
    return fd;
}

/* Say whether a call has failed for good, with an exception set: after a signal it is made again. */
static bool
has_failed(ssize_t result)
{
    if (result < 0 && errno != EINTR) {
        PyErr_SetFromErrno(PyExc_OSError);
        return true;
    }
    return result < 0 && PyErr_CheckSignals() < 0;
}

/* Read a regular file that the kernel may have to fetch first, as its file object would; NULL with an exception set. */
static PyObject *
read_all(int fd, Py_ssize_t size)
{
    PyObject *content = PyBytes_FromStringAndSize(NULL, size + 1);
    Py_ssize_t done = 0;
    ssize_t got;
    while (content && (done < PyBytes_GET_SIZE(content) || _PyBytes_Resize(&content, done + done / 8 + 8192) == 0)) {
        char *rest = PyBytes_AS_STRING(content) + done;
        size_t room = (size_t)(PyBytes_GET_SIZE(content) - done);
        Py_BEGIN_ALLOW_THREADS;
        got = read(fd, rest, room);
        Py_END_ALLOW_THREADS;
        if (got == 0) {
            (void)_PyBytes_Resize(&content, done);
            return content;
        }
        if (has_failed(got)) {
            Py_CLEAR(content);
        }
        done += got > 0 ? got : 0;
    }
    return NULL;
}

/* Return what a regular file holds; NULL with an exception set, or without one for what is no regular file. */
static PyObject *
content_of(int fd, struct stat *status)
{
    PyObject *content = contents_at_once(fd, status);
    if (content || fstat(fd, status) != 0 || !S_ISREG(status->st_mode)) {
        return content;
    }
    content = read_all(fd, (Py_ssize_t)status->st_size);
    if (content) {
        contents_note(content, fd);
    }
    return content;
}

/* Return the file object that would be there without the guard, which closes the descriptor; NULL with an exception set. */
static PyObject *
file_of(int fd, PyObject *path)
{
    struct stat status;
    PyObject *file = NULL;
    if (fstat(fd, &status) == 0 && S_ISDIR(status.st_mode)) {
        errno = EISDIR;
        PyErr_SetFromErrnoWithFilenameObject(PyExc_OSError, path);
    }
    else {
        file = PyFile_FromFd(fd, NULL, "rb", -1, NULL, NULL, NULL, 1);
    }
    if (!file) {
        close(fd);
    }
    return file;
}

/* open_code(path), called by get_data. Whoever has hooked it by PyFile_SetOpenCodeHook is asked as before. */
static PyObject *
open_module(PyObject *path)
{
    bool is_link;
    struct stat status;
    int fd = open_file(path, &is_link);
    PyObject *content = fd < 0 ? NULL : content_of(fd, &status), *file = NULL;
    if (fd >= 0 && !content && !PyErr_Occurred()) {
        return file_of(fd, path);
    }
    if (fd >= 0) {
        Py_BEGIN_ALLOW_THREADS;
        close(fd);
        Py_END_ALLOW_THREADS;
    }
    if (content) {
        if (!is_link) {
            contents_saw(path, &status);
        }
        file = PyObject_CallOneArg(memory_file, content);
        Py_DECREF(content);
    }
    return file;
}

static PyObject *
open_code(PyObject *self, PyObject *const *args, Py_ssize_t size, PyObject *names)
{
    bool is_plain = size == 1 && !names && PyUnicode_CheckExact(args[0]) && !_PyRuntime.open_code_hook;
    return is_plain && contents_are_read() ? open_module(args[0]) : real_open_code(self, args, size, names);
}

/* Stand in for io.open_code; returns 0, or -1 with an exception set. */
int
opening_watch(PyObject *io)
{
    PyObject *function = PyObject_GetAttrString(io, "open_code");
    memory_file = function ? PyObject_GetAttrString(io, "BytesIO") : NULL;
    int result = -1;
    if (memory_file) {
        const int fast = METH_FASTCALL | METH_KEYWORDS;
        result = builtin_divert(builtin_definition(function), "open_code", fast, (void *)open_code, &real_open_code);
    }
    Py_XDECREF(function);
    return result;
}
