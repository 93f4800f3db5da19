/* Readers of events about files and folders. Twins: those of the same names in events.py. */
#include "reading.h"

#include "methods.h"
#include "paths.h"

#include <fcntl.h>
#include <sys/stat.h>

#define MODE_OF_WRITING (O_WRONLY | O_RDWR | O_CREAT | O_TRUNC | O_APPEND)

/* What is a module by its name is read as one, next: how it was found here is half of the proof of whose it is. */
static void
note_module(PyObject *path, Text real)
{
    if (!PyUnicode_CheckExact(path) || !(text_ends(real, ".pyc") || text_ends(real, ".py"))) {
        return;
    }
    bool is_whole = PyUnicode_GET_LENGTH(path) > 0 && PyUnicode_READ_CHAR(path, 0) == '/';
    contents_saw(is_whole && S_ISREG(looked_at()->st_mode) ? path : NULL, looked_at());
}

/* A file object that writes to a socket of somebody else's sends by it, past every method of sockets. Returns 0, or -1 with an
 * error. */
static int
ask_about_sender(PyObject *fd)
{
    int overflow;
    long number = PyLong_AsLongAndOverflow(fd, &overflow);
    return number >= 0 && number <= INT_MAX && !overflow ? ask_to_send((int)number) : 0;
}

/* Return what an `open` may ask for: only to read, where its flags say so. */
uint32_t
open_asks(PyObject *args)
{
    bool is_plain = PyTuple_GET_SIZE(args) == 3 && PyUnicode_CheckExact(PyTuple_GET_ITEM(args, 0))
                    && PyLong_CheckExact(PyTuple_GET_ITEM(args, 2));
    bool writes = !is_plain || (PyLong_AsUnsignedLongMask(PyTuple_GET_ITEM(args, 2)) & MODE_OF_WRITING);
    return CAN(FS_READ) | (writes ? CAN(FS_WRITE) : 0);
}

int
reads_open(Reading *reading, PyObject *args)
{
    PyObject *path = PyTuple_GET_ITEM(args, 0), *flags = PyTuple_GET_ITEM(args, 2);
    /* What was seen before is no proof of what is read from now on: its number may be another file's by then. */
    contents_saw(NULL, looked_at());
    if (!PyLong_CheckExact(flags)) {
        return 0;
    }
    unsigned long bits = PyLong_AsUnsignedLongMask(flags);
    if (argument_is_both(path)) {
        return argument_cant_be_read(path, reading->strict);
    }
    if (PyLong_Check(path)) {
        return bits & MODE_OF_WRITING ? ask_about_sender(path) : 0;
    }
    if (bits & O_PATH) {
        return 0;
    }
    bool writes = bits & MODE_OF_WRITING, reads = !writes || (bits & O_ACCMODE) != O_WRONLY;
    int folder = opening_sees_links(args) ? OPENED_UNLESS_A_LINK : WORKING_FOLDER;
    int found = ask_at(reading, reads ? FS_READ : FS_WRITE, path, folder);
    if (found > 0 && !writes && folder == WORKING_FOLDER) {
        note_module(path, reading->asked->text);
    }
    return found > 0 && reads && writes ? ask_as_well(reading, FS_WRITE, reading->asked) : found < 0 ? -1 : 0;
}

int
reads_list(Reading *reading, PyObject *args)
{
    PyObject *path = PyTuple_GET_ITEM(args, 0), *here = path == Py_None ? PyUnicode_FromString(".") : Py_NewRef(path);
    int found = here ? ask_at(reading, FS_LIST, here, WORKING_FOLDER) : -1;
    Py_XDECREF(here);
    return found < 0 ? -1 : 0;
}

/* Ask to write one of the places that a reader names; return 1, 0 where it is no path, -1 with an error. */
static int
write_at(Reading *reading, PyObject *args, int place)
{
    const Reader *reader = reading->reader;
    PyObject *path = PyTuple_GET_ITEM(args, reader->place[place]);
    return ask_at(reading, FS_WRITE, path, dir_fd_of(args, reader->dir_fd[place]));
}

int
reads_write(Reading *reading, PyObject *args)
{
    return write_at(reading, args, 0) < 0 ? -1 : 0;
}

/* Where a link was, a folder may be next: what lay behind it lies there no more. */
int
reads_remove(Reading *reading, PyObject *args)
{
    int result = reads_write(reading, args);
    folders_forget_links();
    return result;
}

/* A folder that is there already is not made: os.makedirs asks for each of its parents. */
int
reads_mkdir(Reading *reading, PyObject *args)
{
    int found = write_at(reading, args, 0);
    if (found > 0 && asked_kind(reading->asked, false)) {
        asked_clear(reading->asked, reading->count);
        reading->count = 0;
    }
    return found < 0 ? -1 : 0;
}

/* What was written in a folder is known by its new name as well. */
static int
move_written(const Asked *source, const Asked *target)
{
    return asked_kind(source, false) == S_IFDIR ? written_move(source->text, target->text) : 0;
}

/* A secret under another name is none to the rules: who moves it may as well read it. */
int
reads_move(Reading *reading, PyObject *args)
{
    paths_forget();
    PyObject *path = PyTuple_GET_ITEM(args, 0);
    int source = ask_at(reading, FS_READ, path, dir_fd_of(args, reading->reader->dir_fd[0]));
    if (source > 0) {
        ask_as_well(reading, FS_WRITE, reading->asked);
    }
    int target = source < 0 ? -1 : write_at(reading, args, 1);
    if (source > 0 && target > 0) {
        return move_written(reading->asked, &reading->asked[2]);
    }
    return target < 0 ? -1 : 0;
}

/* A second name for a file gives its content to whoever may read that name, and changes it for whoever may write there. Whether a link
 * is followed the event doesn't say. */
int
reads_link(Reading *reading, PyObject *args)
{
    PyObject *path = PyTuple_GET_ITEM(args, 0);
    int folder = dir_fd_of(args, reading->reader->dir_fd[0]);
    paths_forget();
    if (ask_at_name(reading, FS_READ, path, folder, false) < 0 || ask_at_name(reading, FS_READ, path, folder, true) < 0) {
        return -1;
    }
    if (reading->count == 2 && text_same(reading->asked[0].text, reading->asked[1].text)) {
        asked_clear(&reading->asked[--reading->count], 1); /* no link */
    }
    for (int at = 0, sources = reading->count; at < sources; at++) {
        ask_as_well(reading, FS_WRITE, &reading->asked[at]);
    }
    return write_at(reading, args, 1) < 0 ? -1 : 0;
}

int
reads_symlink(Reading *reading, PyObject *args)
{
    paths_forget();
    return reads_write(reading, args);
}

/* Ask to read and to write a database; return 0, or -1 with an error. */
static int
ask_for_database(Reading *reading, PyObject *path, bool certain)
{
    Asked *asked = ask(reading, FS_READ);
    if (locate_text(path, WORKING_FOLDER, asked) < 0) {
        return -1;
    }
    asked->certain = certain;
    return ask_as_well(reading, FS_WRITE, asked);
}

/* Ask for the path in a `file:` address; whether it is read as one is said elsewhere, so that it may be either. */
static int
ask_for_address(Reading *reading, PyObject *uri, bool certain)
{
    Text text;
    PyObject *keeper;
    Buffer path;
    if (text_of(uri, &text, &keeper) < 0) {
        return -1;
    }
    buffer_start(&path);
    if (database_path(text, &path) == 0 && (path.size || buffer_set(&path, ".", 1) == 0)) {
        PyObject *plain = PyUnicode_DecodeUTF8(path.data, (Py_ssize_t)path.size, "surrogateescape");
        int result = plain ? ask_for_database(reading, plain, certain) : -1;
        Py_XDECREF(plain);
        buffer_end(&path);
        Py_XDECREF(keeper);
        return result;
    }
    PyErr_NoMemory();
    buffer_end(&path);
    Py_XDECREF(keeper);
    return -1;
}

int
reads_database(Reading *reading, PyObject *args)
{
    Argument read;
    if (argument_read(PyTuple_GET_ITEM(args, 0), NAMES_A_PATH, reading->strict, &read) < 0) {
        return -1;
    }
    PyObject *path = read.text;
    int result = 0;
    if (path && PyUnicode_GET_LENGTH(path) && PyUnicode_CompareWithASCIIString(path, ":memory:") != 0) {
        result = ask_for_database(reading, path, read.certain);
        PyObject *scheme = result == 0 ? PyUnicode_Substring(path, 0, 5) : NULL;
        if (scheme && PyUnicode_CompareWithASCIIString(scheme, "file:") == 0) {
            result = ask_for_address(reading, path, read.certain);
        }
        result = scheme ? result : -1;
        Py_XDECREF(scheme);
    }
    Py_XDECREF(path);
    return result;
}
