/* Files that SQLite opens by itself: ATTACH, VACUUM INTO, load_extension(). All of them go through its file system, which is a
 * list of structs in C; an authorizer could be taken away again from Python, and sees no path that is computed. */
#include "methods.h"
#include "readers.h"

#include <dlfcn.h>
#include <string.h>

/* As <sqlite3.h> has had them since version 3.5; the rest of either doesn't matter here. */
typedef struct {
    const void *methods;
} File;
typedef struct Vfs {
    int version, file_size, longest_path;
    struct Vfs *next;
    const char *name;
    void *data;
    int (*open)(struct Vfs *, const char *, File *, int, int *);
    int (*delete)(struct Vfs *, const char *, int);
    int (*access)(struct Vfs *, const char *, int, int *);
    int (*full_path)(struct Vfs *, const char *, int, char *);
    void *(*load)(struct Vfs *, const char *);
} Vfs;
enum { OPEN_READ_ONLY = 0x1, OPEN_MAIN_DATABASE = 0x100, IO_ERROR_OF_DELETE = 10 | 10 << 8, CANT_OPEN = 14 };

#define MOST_SYSTEMS 32
static struct {
    Vfs *vfs, real;
} systems[MOST_SYSTEMS];
static int known;

/* Why this thread was refused a file, until Python hears of it. */
static _Thread_local PyObject *refusal;

/* Keep the exception that is set. */
static void
keep_refusal(void)
{
    PyObject *type, *error, *traceback;
    PyErr_Fetch(&type, &error, &traceback);
    PyErr_NormalizeException(&type, &error, &traceback);
    Py_XDECREF(type);
    Py_XDECREF(traceback);
    Py_XSETREF(refusal, error);
}

typedef enum { READS_DATABASE, WRITES_DATABASE, LOADS_EXTENSION, DELETES } Doing;

static int
ask_for_file(const char *path, Doing doing)
{
    PyObject *name = PyUnicode_DecodeUTF8(path, (Py_ssize_t)strlen(path), "surrogateescape");
    PyObject *target = !name ? NULL : doing == DELETES ? locate_name_at(name, WORKING_FOLDER) : locate_at(name, WORKING_FOLDER);
    int result = target ? 0 : PyErr_Occurred() ? -1 : 0;
    if (target && doing == LOADS_EXTENSION) {
        result = judge_ask(NATIVE_LOAD, target, NULL);
    }
    else if (target) {
        result = doing == DELETES ? 0 : judge_ask(FS_READ, target, NULL);
        result = result == 0 && doing != READS_DATABASE ? judge_ask(FS_WRITE, target, NULL) : result;
    }
    Py_XDECREF(name);
    Py_XDECREF(target);
    return result;
}

/* Say whether SQLite may go on; it asks without the interpreter's lock, from a thread of Python's. */
static bool
is_allowed(const char *path, Doing doing)
{
    if (!core.armed || !PyGILState_GetThisThreadState()) {
        return true; /* a thread of somebody else's C code: native code asks nobody anyway */
    }
    PyGILState_STATE state = PyGILState_Ensure();
    PyObject *type, *error, *traceback;
    PyErr_Fetch(&type, &error, &traceback);
    bool result = ask_for_file(path, doing) == 0;
    if (!result) {
        keep_refusal();
    }
    PyErr_Restore(type, error, traceback);
    PyGILState_Release(state);
    return result;
}

/* Return what a file system did before it was diverted; a copy of one does as the first. */
static const Vfs *
real_of(const Vfs *vfs)
{
    int at = 0;
    while (at < known && systems[at].vfs != vfs) {
        at++;
    }
    return &systems[at < known ? at : 0].real;
}

static int
open_file(Vfs *vfs, const char *path, File *file, int flags, int *flags_out)
{
    Doing doing = flags & OPEN_READ_ONLY ? READS_DATABASE : WRITES_DATABASE;
    if (path && *path && flags & OPEN_MAIN_DATABASE && !is_allowed(path, doing)) {
        file->methods = NULL;
        return CANT_OPEN;
    }
    return real_of(vfs)->open(vfs, path, file, flags, flags_out);
}

/* What belongs to a database that was asked for is deleted all the time. A journal that somebody has written may name anything else. */
static bool
is_of_a_database(const char *path)
{
    size_t size = strlen(path);
    Text name = {path, size};
    return text_ends(name, "-journal") || text_ends(name, "-wal") || text_ends(name, "-shm");
}

static int
delete_file(Vfs *vfs, const char *path, int sync)
{
    bool is_theirs = !path || is_of_a_database(path) || is_allowed(path, DELETES);
    return is_theirs ? real_of(vfs)->delete(vfs, path, sync) : IO_ERROR_OF_DELETE;
}

static void *
load_library(Vfs *vfs, const char *path)
{
    return path && !is_allowed(path, LOADS_EXTENSION) ? NULL : real_of(vfs)->load(vfs, path);
}

static void
divert(Vfs *vfs)
{
    bool is_memory = vfs->name && strcmp(vfs->name, "memdb") == 0;
    if (is_memory || vfs->open == open_file || known == MOST_SYSTEMS) {
        return;
    }
    systems[known].vfs = vfs;
    systems[known++].real = *vfs;
    vfs->open = open_file;
    vfs->delete = delete_file;
    if (vfs->load) {
        vfs->load = load_library;
    }
}

/* Divert the file systems of the SQLite that a module is linked with. */
void
sqlite_watch(PyModuleDef *module)
{
    Dl_info found;
    void *library = dladdr((void *)module, &found) ? dlopen(found.dli_fname, RTLD_LAZY | RTLD_NOLOAD) : NULL;
    Vfs *(*find)(const char *);
    *(void **)&find = library ? dlsym(library, "sqlite3_vfs_find") : NULL;
    for (Vfs *vfs = find ? find(NULL) : NULL; vfs; vfs = vfs->next) {
        divert(vfs);
    }
    if (library) {
        dlclose(library);
    }
}

/* Raise why a file was refused, in the place of SQLite's "unable to open". Returns the result, or NULL with the exception. */
static PyObject *
tell_refusal(Call *Py_UNUSED(call), PyObject *result)
{
    PyObject *error = refusal;
    if (!error) {
        return result;
    }
    refusal = NULL;
    if (!result) {
        PyErr_SetObject((PyObject *)Py_TYPE(error), error);
    }
    Py_DECREF(error);
    return result;
}

const Method methods_of_databases[] = {
    {"_sqlite3", "Connection", "execute", NULL, tell_refusal},
    {"_sqlite3", "Connection", "executemany", NULL, tell_refusal},
    {"_sqlite3", "Connection", "executescript", NULL, tell_refusal},
    {"_sqlite3", "Cursor", "execute", NULL, tell_refusal},
    {"_sqlite3", "Cursor", "executemany", NULL, tell_refusal},
    {"_sqlite3", "Cursor", "executescript", NULL, tell_refusal},
    {NULL, NULL, NULL, NULL, NULL},
};
