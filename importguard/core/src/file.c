/* Whether bytes came from a file: read again by the guard itself, so that no loader needs to be believed. */
#include "ccore.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define LARGEST_SOURCE (1 << 26)

#define MARGIN 0.02 /* the kernel's clock for files is behind by up to a tick */

static struct timespec start; /* on the clock by which the kernel says when a file was changed */

/* Say whether an open file holds these bytes after the first `skip`. */
bool
file_same(int fd, size_t skip, const char *data, size_t length)
{
    char part[16384];
    size_t done = 0;
    while (done < length) {
        size_t wanted = length - done < sizeof part ? length - done : sizeof part;
        ssize_t got = pread(fd, part, wanted, (off_t)(skip + done));
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got <= 0 || memcmp(part, data + done, (size_t)got) != 0) {
            return false;
        }
        done += (size_t)got;
    }
    return true;
}

/* Return a descriptor of a regular file, with what the kernel says of it; -1 without an exception where it is none. */
static int
open_regular(PyObject *path, struct stat *status)
{
    PyObject *encoded = PyUnicode_EncodeFSDefault(path);
    int fd = -1;
    if (encoded && strlen(PyBytes_AS_STRING(encoded)) == (size_t)PyBytes_GET_SIZE(encoded)) {
        fd = open(PyBytes_AS_STRING(encoded), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    }
    PyErr_Clear();
    Py_XDECREF(encoded);
    if (fd >= 0 && (fstat(fd, status) != 0 || !S_ISREG(status->st_mode))) {
        close(fd);
        fd = -1;
    }
    return fd;
}

/* Say whether a regular file holds exactly these bytes after the first `skip`; what the kernel says of it goes to `status`. */
bool
file_holds(PyObject *path, size_t skip, const char *data, size_t length, struct stat *status)
{
    int fd = open_regular(path, status);
    if (fd < 0) {
        return false;
    }
    bool same = (size_t)status->st_size == skip + length && file_same(fd, skip, data, length);
    close(fd);
    return same;
}

/* Note when the command was started that this process belongs to, in seconds; 0 where that isn't known: it's now then. */
void
file_note_start(double since)
{
    clock_gettime(CLOCK_REALTIME_COARSE, &start);
    if (since > MARGIN && since - MARGIN < (double)start.tv_sec + (double)start.tv_nsec / 1e9) {
        start.tv_sec = (time_t)(since - MARGIN);
        start.tv_nsec = (long)((since - MARGIN - (double)start.tv_sec) * 1e9);
    }
}

/* Say whether a file was changed since the command was started: its own times may lie, this one is the kernel's. */
bool
file_is_fresh(const struct stat *status)
{
    return status->st_ctim.tv_sec > start.tv_sec
           || (status->st_ctim.tv_sec == start.tv_sec && status->st_ctim.tv_nsec >= start.tv_nsec);
}

/* Ask the kernel about a path, links followed; say whether it knows it, and whether it is a link itself. */
bool
file_or_link_status(PyObject *path, struct stat *status, bool *is_link)
{
    PyObject *encoded = PyUnicode_EncodeFSDefault(path);
    bool is_known = encoded && strlen(PyBytes_AS_STRING(encoded)) == (size_t)PyBytes_GET_SIZE(encoded)
                    && lstat(PyBytes_AS_STRING(encoded), status) == 0;
    *is_link = is_known && S_ISLNK(status->st_mode);
    is_known = is_known && (!*is_link || stat(PyBytes_AS_STRING(encoded), status) == 0);
    PyErr_Clear();
    Py_XDECREF(encoded);
    return is_known;
}

/* Ask the kernel about a path, links followed; say whether it knows it. */
bool
file_status(PyObject *path, struct stat *status)
{
    bool is_link;
    return file_or_link_status(path, status, &is_link);
}

/* Return the bytes of a regular file, or NULL, where an exception may be set; what the kernel says of it goes to `status`. */
PyObject *
file_content(PyObject *path, struct stat *status)
{
    int fd = open_regular(path, status);
    if (fd < 0) {
        return NULL;
    }
    PyObject *content = status->st_size <= LARGEST_SOURCE ? PyBytes_FromStringAndSize(NULL, status->st_size) : NULL;
    if (content && pread(fd, PyBytes_AS_STRING(content), (size_t)status->st_size, 0) != status->st_size) {
        Py_CLEAR(content);
    }
    close(fd);
    return content;
}

/* Say whether a text has a part of another one, from that one's beginning, at a place. */
static bool
has_at(PyObject *text, Py_ssize_t at, PyObject *part, Py_ssize_t size)
{
    if (PyUnicode_GET_LENGTH(text) - at < size) {
        return false;
    }
    int kind = PyUnicode_KIND(text);
    if (kind == (int)PyUnicode_KIND(part)) {
        return memcmp((const char *)PyUnicode_DATA(text) + at * kind, PyUnicode_DATA(part), (size_t)(size * kind)) == 0;
    }
    Py_ssize_t same = 0;
    while (same < size && PyUnicode_READ_CHAR(text, at + same) == PyUnicode_READ_CHAR(part, same)) {
        same++;
    }
    return same == size;
}

/* Return where a text goes on behind another one that it holds at a place; -1 where it doesn't hold it there. */
static Py_ssize_t
behind(PyObject *text, Py_ssize_t at, PyObject *part, Py_ssize_t size)
{
    return at >= 0 && has_at(text, at, part, size) ? at + size : -1;
}

static Py_ssize_t
behind_word(PyObject *text, Py_ssize_t at, const char *word)
{
    Py_ssize_t size = (Py_ssize_t)strlen(word), same = 0;
    if (at < 0 || PyUnicode_GET_LENGTH(text) - at < size) {
        return -1;
    }
    while (same < size && PyUnicode_READ_CHAR(text, at + same) == (unsigned char)word[same]) {
        same++;
    }
    return same == size ? at + size : -1;
}

/* Return where the name of a file that lies where a source's folder is cached begins, -1 for a path elsewhere. */
static Py_ssize_t
behind_cache_folder(PyObject *bytecode, PyObject *source, Py_ssize_t slash)
{
    PyObject *prefix = core.pycache_prefix;
    Py_ssize_t at;
    if (prefix && PyUnicode_CheckExact(prefix)) {
        at = behind(bytecode, behind(bytecode, 0, prefix, PyUnicode_GET_LENGTH(prefix)), source, slash);
    }
    else {
        at = behind_word(bytecode, behind(bytecode, 0, source, slash), "/__pycache__");
    }
    return behind_word(bytecode, at, "/");
}

/* Say whether a .pyc lies where this interpreter caches that source: `pkg/__pycache__/name.cpython-...pyc`. */
bool
is_cache_of(PyObject *bytecode, PyObject *source)
{
    Py_ssize_t size = PyUnicode_GET_LENGTH(source), slash = PyUnicode_FindChar(source, '/', 0, size, -1);
    Py_ssize_t dot = PyUnicode_FindChar(source, '.', slash < 0 ? 0 : slash, size, 1), stem = slash + 1;
    Py_ssize_t at = behind_cache_folder(bytecode, source, slash < 0 ? 0 : slash);
    for (dot = dot < 0 ? size : dot; at >= 0 && stem < dot; at++, stem++) {
        if (at >= PyUnicode_GET_LENGTH(bytecode) || PyUnicode_READ_CHAR(bytecode, at) != PyUnicode_READ_CHAR(source, stem)) {
            return false;
        }
    }
    at = behind_word(bytecode, at, ".cpython-");
    return at >= 0 && PyUnicode_FindChar(bytecode, '/', at, PyUnicode_GET_LENGTH(bytecode), 1) < 0;
}
