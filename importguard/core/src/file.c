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
