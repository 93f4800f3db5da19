/* Programs as rules name them: as people start them, links not followed. Twins: program_path and what is below it in
   events.py. */
#include "readers.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void
drop_slashes(Buffer *path)
{
    while (path->size && path->data[path->size - 1] == '/') {
        path->data[--path->size] = '\0';
    }
}

/* Give a relative path as an absolute one, in a folder or in the working folder; return 0 or -1. */
static int
within(Text folder, Text path, Buffer *whole)
{
    if (folder.size && folder.data[0] == '/') {
        buffer_set(whole, "", 0);
    }
    else if (paths_working_folder(whole) < 0 || buffer_add(whole, "/", 1) < 0) {
        return -1;
    }
    if (buffer_add(whole, folder.data, folder.size) < 0) {
        return -1;
    }
    drop_slashes(whole);
    return buffer_add(whole, "/", 1) < 0 ? -1 : buffer_add(whole, path.data, path.size);
}

static bool
has_steps(const Buffer *path)
{
    return memmem(path->data, path->size, "/../", 4) || memmem(path->data, path->size, "/./", 3)
           || memmem(path->data, path->size, "//", 2);
}

/* Take the steps out of a program's folder; return 0 or -1. */
static int
straighten(Buffer *path)
{
    Buffer real;
    size_t at = text_last(buffer_text(path), '/');
    buffer_start(&real);
    int result = paths_real_folder((Text){path->data, at - 1}, &real);
    drop_slashes(&real);
    if (result == 0 && (buffer_add(&real, "/", 1) < 0 || buffer_add(&real, path->data + at, path->size - at) < 0)) {
        result = -1;
    }
    result = result == 0 ? buffer_set(path, real.data, real.size) : result;
    buffer_end(&real);
    return result;
}

/* Give a program's absolute path; return 0, or -1 (with an error unless there is no memory left). */
static int
give_program(Text name, Text folder, Buffer *path)
{
    int result = name.data[0] == '/' ? buffer_set(path, name.data, name.size) : within(folder, name, path);
    return result == 0 && has_steps(path) ? straighten(path) : result;
}

/* The text of an argument and what it hangs on. */
typedef struct {
    PyObject *object, *keeper;
    Text text;
} Held;

static int
hold(PyObject *value, bool strict, Held *held)
{
    Argument read;
    *held = (Held){.text = {"", 0}};
    if (argument_read(value, NAMES_A_PATH, strict, &read) < 0) {
        return -1;
    }
    held->object = read.text;
    return read.text ? text_of_name(read.text, &held->text, &held->keeper) : 0;
}

static void
let_go(Held *held)
{
    Py_CLEAR(held->object);
    Py_CLEAR(held->keeper);
}

static PyObject *
program_of(const Held *name, const Held *folder)
{
    Buffer path;
    if (!memchr(name->text.data, '/', name->text.size)) {
        return Py_NewRef(name->object);
    }
    buffer_start(&path);
    int result = give_program(name->text, folder->text, &path);
    PyObject *program = result == 0 ? text_object_of_name(buffer_text(&path)) : NULL;
    buffer_end(&path);
    return program || PyErr_Occurred() ? program : PyErr_NoMemory();
}

/* Read the path of a program as it is started: absolute, a bare name as it is. `folder` is None for the working folder.
   Return 0, or -1 with an error. */
int
program_read(PyObject *path, PyObject *folder, bool strict, Argument *read)
{
    Held name, place;
    int result = hold(path, strict, &name);
    *read = (Argument){NULL, PyUnicode_Check(path) || PyBytes_Check(path), false};
    if (result == 0 && name.text.size && (result = hold(folder, strict, &place)) == 0) {
        read->text = program_of(&name, &place);
        result = read->text ? 0 : -1;
        let_go(&place);
    }
    let_go(&name);
    return result;
}

/* Return the path of a program (new reference); NULL with an error, or without one when it is no path. */
PyObject *
program_path(PyObject *path, PyObject *folder)
{
    Argument read;
    return program_read(path, folder, core.enforcing, &read) == 0 ? read.text : NULL;
}

static bool
is_executable(const Buffer *path)
{
    bool result = false;
    if (path->size < PATH_MAX && !memchr(path->data, '\0', path->size)) {
        Py_BEGIN_ALLOW_THREADS;
        result = access(path->data, X_OK) == 0;
        Py_END_ALLOW_THREADS;
    }
    return result && paths_kind(buffer_text(path), true) != S_IFDIR;
}

/* Say whether there is something at a path, as far as it can be told. */
static bool
may_be_there(const Buffer *path)
{
    struct stat status;
    bool is_absent = true;
    if (!memchr(path->data, '\0', path->size)) {
        Py_BEGIN_ALLOW_THREADS;
        is_absent = stat(path->data, &status) < 0 && (errno == ENOENT || errno == ENOTDIR);
        Py_END_ALLOW_THREADS;
    }
    return !is_absent;
}

typedef enum { IS_ABSENT, IS_THERE, IS_EXECUTABLE } Candidate;

/* Say what a candidate is, -1 with an error. */
static int
candidate_read(PyObject *candidate, Text folder)
{
    Held name;
    Buffer path;
    if (hold(candidate, core.enforcing, &name) < 0) {
        return -1;
    }
    buffer_start(&path);
    bool is_whole = name.text.size && name.text.data[0] == '/';
    int result = is_whole ? buffer_set(&path, name.text.data, name.text.size) : within(folder, name.text, &path);
    if (result < 0 && !PyErr_Occurred()) {
        PyErr_NoMemory();
    }
    if (result == 0) {
        result = is_executable(&path) ? IS_EXECUTABLE : may_be_there(&path) ? IS_THERE : IS_ABSENT;
    }
    buffer_end(&path);
    let_go(&name);
    return result;
}

/* Return at which of a search's candidates (a tuple) a program is started: the first that can be; where none can, the one
   whose error the search tells, the first that is there, else the last. -1 for none, -2 with an error. */
Py_ssize_t
first_executable(PyObject *candidates, PyObject *folder)
{
    Held place;
    Py_ssize_t last = PyTuple_GET_SIZE(candidates) - 1, there = last;
    if (hold(folder, core.enforcing, &place) < 0) {
        return -2;
    }
    int found = IS_ABSENT;
    for (Py_ssize_t at = 0; at <= last && found != IS_EXECUTABLE; at++) {
        int read = candidate_read(PyTuple_GET_ITEM(candidates, at), place.text);
        if (read < 0) {
            let_go(&place);
            return -2;
        }
        if (read > found) {
            found = read;
            there = at;
        }
    }
    let_go(&place);
    return there;
}
