/* What the import system has just read: proven while the file is open, so that a proof needs no second opening.
 *
 * What a descriptor stands for can change in another thread whenever the interpreter lock is let go. So the file is read under
 * the lock, where the kernel has all of it at hand, and else compared under the lock after importlib's own reading is over; and
 * it is known by its device and inode, not by a name. */
#include "builtins.h"
#include "owners.h"

#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#define MOST 2 /* bytecode, and the source that it is compared with */
#define LARGEST (1 << 26)

typedef struct {
    PyObject *content;
    struct stat status;
} Read;

static Read latest[MOST];
static size_t next;
/* The path that was opened last, and what it led to: no link, as the kernel has told. */
static struct {
    PyObject *path;
    dev_t device;
    ino_t inode;
} seen;
static PyCFunction real_readall, fileno_of;

/* The guard has looked at a path that is about to be opened: a file and no link, or NULL for anything else. */
void
contents_saw(PyObject *path, const struct stat *status)
{
    Py_XSETREF(seen.path, Py_XNewRef(path));
    seen.device = status->st_dev;
    seen.inode = status->st_ino;
}

/* Say whether it is the import system that reads, here and now. */
bool
contents_are_read(void)
{
    Cursor cursor;
    if (!core.armed || PyThreadState_GetInterpreter(PyThreadState_Get()) != core.interpreter) {
        return false;
    }
    cursor_start(&cursor, NULL);
    bool result = cursor.code == pinned.get_data;
    cursor_end(&cursor);
    return result;
}

/* Return the descriptor of a FileIO, -1 where it has none. */
static int
descriptor_of(PyObject *file)
{
    PyObject *number = fileno_of(file, NULL);
    int fd = number ? (int)PyLong_AsLong(number) : -1;
    Py_XDECREF(number);
    PyErr_Clear();
    return fd;
}

/* Remember what was read of a file, all that it holds. */
static void
keep(PyObject *content, const struct stat *status)
{
    Read *read = &latest[next++ % MOST];
    read->status = *status;
    Py_XSETREF(read->content, Py_NewRef(content));
}

/* Remember what was read of a file, if that is what it holds. */
void
contents_note(PyObject *content, int fd)
{
    struct stat status;
    size_t size = (size_t)PyBytes_GET_SIZE(content);
    if (fd >= 0 && fstat(fd, &status) == 0 && S_ISREG(status.st_mode) && (size_t)status.st_size == size
        && file_same(fd, 0, PyBytes_AS_STRING(content), size)) {
        keep(content, &status);
    }
}

#if defined(SYS_preadv2) && defined(RWF_NOWAIT)
/* Read from where a descriptor is, as far as nobody has to wait for it: a file system may be served by a thread of this very
 * process. Called by its number, since older C libraries don't have it. */
static ssize_t
read_at_once(int fd, char *data, size_t size)
{
    char more; /* a file that has grown meanwhile */
    struct iovec parts[] = {{data, size}, {&more, 1}};
    return syscall(SYS_preadv2, fd, parts, 2, -1L, -1L, RWF_NOWAIT);
}
#else
static ssize_t
read_at_once(int Py_UNUSED(fd), char *Py_UNUSED(data), size_t Py_UNUSED(size))
{
    return -1;
}
#endif

/* Return all that a regular file holds, with what the kernel says of it, read under the interpreter's lock. NULL without an
 * exception where that can't be, or the descriptor isn't at the beginning; it is where it was then. */
static PyObject *
content_at_once(int fd, struct stat *status)
{
    if (fd < 0 || fstat(fd, status) != 0 || !S_ISREG(status->st_mode) || !status->st_size || status->st_size > LARGEST) {
        return NULL;
    }
    PyObject *content = PyBytes_FromStringAndSize(NULL, status->st_size);
    ssize_t got = content ? read_at_once(fd, PyBytes_AS_STRING(content), (size_t)status->st_size) : 0;
    if (content && got == status->st_size) {
        return content;
    }
    if (got > 0) {
        lseek(fd, -got, SEEK_CUR);
    }
    PyErr_Clear();
    Py_XDECREF(content);
    return NULL;
}

/* Return all that the file of a new descriptor holds, with what the kernel says of it, and remember it; NULL without an exception where
 * that can't be had at once. */
PyObject *
contents_at_once(int fd, struct stat *status)
{
    PyObject *content = content_at_once(fd, status);
    if (content) {
        keep(content, status);
    }
    return content;
}

/* FileIO.readall(), called by importlib's get_data(path) or by anybody else. */
static PyObject *
readall(PyObject *self, PyObject *nothing)
{
    bool is_module = contents_are_read();
    struct stat status;
    PyObject *content = is_module ? contents_at_once(descriptor_of(self), &status) : NULL;
    if (content) {
        return content;
    }
    content = real_readall(self, nothing);
    if (is_module && content && PyBytes_CheckExact(content)) {
        contents_note(content, descriptor_of(self));
    }
    return content;
}

static bool
leads_to(PyObject *path, const struct stat *status)
{
    struct stat now;
    if (seen.path && (seen.path == path || PyUnicode_Compare(seen.path, path) == 0)) {
        return seen.device == status->st_dev && seen.inode == status->st_ino;
    }
    return file_status(path, &now) && now.st_dev == status->st_dev && now.st_ino == status->st_ino;
}

/* Say whether bytes are all that a file holds, by what was read last; what the kernel says of the file goes to `status`. */
bool
contents_are_of(PyObject *content, PyObject *path, struct stat *status)
{
    for (size_t at = 0; at < MOST; at++) {
        if (latest[at].content == content) {
            *status = latest[at].status;
            Py_CLEAR(latest[at].content);
            return leads_to(path, status);
        }
    }
    return false;
}

/* Watch what is read; returns 0, or -1 with an exception set. */
int
contents_watch(void)
{
    PyObject *io = PyImport_ImportModule("_io"), *type = io ? PyObject_GetAttrString(io, "FileIO") : NULL;
    PyObject *read = type ? PyObject_GetAttrString(type, "readall") : NULL;
    PyObject *number = read ? PyObject_GetAttrString(type, "fileno") : NULL;
    PyMethodDef *definition = number ? builtin_definition(number) : NULL;
    int result = -1;
    if (definition && definition->ml_flags == METH_NOARGS) {
        fileno_of = definition->ml_meth;
        result = builtin_divert(builtin_definition(read), "readall", METH_NOARGS, (void *)readall, &real_readall);
        result = result == 0 ? opening_watch(io) : -1;
    }
    Py_XDECREF(io);
    Py_XDECREF(type);
    Py_XDECREF(read);
    Py_XDECREF(number);
    return result;
}
