/* What the import system asks the kernel of a module's file: whether it is one, and how old it is; between the two the guard asks whether
 * it is a link. The kernel is asked once, and answers all three where nobody else's code runs in between. No twin.
 *
 * The answers are those of os.stat, made as it makes them. */
#include "builtins.h"
#include "paths.h"
#include "standins.h"

#include <string.h>

#define FIELDS 19 /* of os.stat_result on Linux, CPython 3.11 to 3.13 */

/* A function of importlib, the code that it had when the process was armed, and its callers behind it. */
typedef struct {
    const char *type, *name;
    PyCodeObject *code;
} Caller;

static Caller finding[] = {{NULL, "_path_stat", NULL},       {NULL, "_path_is_mode_type", NULL}, {NULL, "_path_isfile", NULL},
                           {"FileFinder", "find_spec", NULL}, {"PathFinder", "_get_spec", NULL},  {"PathFinder", "find_spec", NULL},
                           {NULL, "_find_spec", NULL},       {NULL, "_find_and_load_unlocked", NULL}};
static Caller loading[] = {{NULL, "_path_stat", NULL},
                           {"SourceFileLoader", "path_stats", NULL},
                           {"SourceLoader", "get_code", NULL},
                           {"_LoaderBasics", "exec_module", NULL},
                           {NULL, "_load_unlocked", NULL},
                           {NULL, "_find_and_load_unlocked", NULL}};
static _PyCFunctionFastWithKeywords real_stat;
static PyTypeObject *result_type;

/* The file that was found last, no link, and the import that it was found for. */
static struct {
    PyObject *path;
    struct stat status;
    void *import;
} look;

/* Put a time where the result has it: in whole seconds, in seconds, and in nanoseconds. */
static void
put_time(PyObject *result, Py_ssize_t which, const struct timespec *time)
{
    PyStructSequence_SetItem(result, 7 + which, PyLong_FromLongLong(time->tv_sec));
    PyStructSequence_SetItem(result, 10 + which, PyFloat_FromDouble((double)time->tv_sec + 1e-9 * (double)time->tv_nsec));
    PyStructSequence_SetItem(result, 13 + which, PyLong_FromLongLong(time->tv_sec * 1000000000LL + time->tv_nsec));
}

/* Return an os.stat_result; NULL with an exception set. */
static PyObject *
result_of(const struct stat *status)
{
    const unsigned long long first[] = {status->st_mode, status->st_ino, status->st_dev, status->st_nlink, status->st_uid, status->st_gid},
                             last[] = {(unsigned long long)status->st_blksize, (unsigned long long)status->st_blocks, status->st_rdev};
    PyObject *result = PyStructSequence_New(result_type);
    if (!result) {
        return NULL;
    }
    for (size_t at = 0; at < Py_ARRAY_LENGTH(first); at++) {
        PyStructSequence_SetItem(result, (Py_ssize_t)at, PyLong_FromUnsignedLongLong(first[at]));
    }
    PyStructSequence_SetItem(result, 6, PyLong_FromLongLong(status->st_size));
    put_time(result, 0, &status->st_atim);
    put_time(result, 1, &status->st_mtim);
    put_time(result, 2, &status->st_ctim);
    for (size_t at = 0; at < Py_ARRAY_LENGTH(last); at++) {
        PyStructSequence_SetItem(result, (Py_ssize_t)(16 + at), PyLong_FromUnsignedLongLong(last[at]));
    }
    if (PyErr_Occurred()) {
        Py_CLEAR(result);
    }
    return result;
}

/* Return what tells the outermost of these callers from its other calls; NULL where it wasn't these that called. */
static void *
called_by(Cursor cursor, const Caller *callers, size_t count)
{
    for (size_t at = 0; at < count; at++) {
        if (cursor.code != callers[at].code) {
            return NULL;
        }
        if (at + 1 < count) {
            cursor_back(&cursor);
        }
    }
    return cursor_identity(&cursor);
}

/* Say whether the file that was found is being loaded now, by importlib's own loader and in the import that it was found for. */
static bool
is_loaded_now(const Cursor *cursor)
{
    if (!look.import || called_by(*cursor, loading, Py_ARRAY_LENGTH(loading)) != look.import) {
        return false;
    }
    Cursor method = *cursor;
    cursor_back(&method);
    PyObject *loader = cursor_local(&method, interned.self);
    bool result = loader && (PyObject *)Py_TYPE(loader) == pinned.source_loader;
    Py_XDECREF(loader);
    return result;
}

/* Ask the kernel, and remember the answer where a module is looked for; return the result, NULL with an exception set, or without one
 * for a link. */
static PyObject *
ask_kernel(PyObject *path, const Cursor *cursor)
{
    struct stat status;
    int failed;
    Py_BEGIN_ALLOW_THREADS;
    failed = lstat(PyUnicode_DATA(path), &status);
    Py_END_ALLOW_THREADS;
    if (failed) {
        return PyErr_SetFromErrnoWithFilenameObject(PyExc_OSError, path);
    }
    void *import = S_ISREG(status.st_mode) ? called_by(*cursor, finding, Py_ARRAY_LENGTH(finding)) : NULL;
    if (import) {
        Py_XSETREF(look.path, Py_NewRef(path));
        look.status = status;
        look.import = import;
    }
    return S_ISLNK(status.st_mode) ? NULL : result_of(&status);
}

/* Return what `_path_stat` is told of a path; NULL with an exception set, or without one where os.stat itself is to be asked. */
static PyObject *
answer(PyObject *path)
{
    Cursor cursor;
    if (!core.armed || core.public_frames || PyThreadState_GetInterpreter(PyThreadState_Get()) != core.interpreter) {
        return NULL;
    }
    cursor_start(&cursor, NULL);
    if (cursor.code != finding[0].code) {
        return NULL;
    }
    if (look.path == path && is_loaded_now(&cursor)) {
        struct stat status = look.status;
        looks_forget();
        return result_of(&status);
    }
    bool is_plain = PyUnicode_IS_ASCII(path) && strlen(PyUnicode_DATA(path)) == (size_t)PyUnicode_GET_LENGTH(path);
    return is_plain ? ask_kernel(path, &cursor) : NULL;
}

static PyObject *
stat_of(PyObject *self, PyObject *const *args, Py_ssize_t size, PyObject *names)
{
    PyObject *result = size == 1 && !names && PyUnicode_CheckExact(args[0]) ? answer(args[0]) : NULL;
    return result || PyErr_Occurred() ? result : real_stat(self, args, size, names);
}

/* Finders are asked: what was found before says nothing of what they find. */
void
looks_forget(void)
{
    Py_CLEAR(look.path);
    look.import = NULL;
}

/* Return what the kernel has said of the path that was just found, which is no link; NULL where it wasn't asked. */
const struct stat *
looks_of(PyObject *path)
{
    return look.path && look.path == path ? &look.status : NULL;
}

static int
remember(Caller *callers, size_t count, PyObject *bootstrap, PyObject *external)
{
    for (size_t at = 0; at < count; at++) {
        const char *first = callers[at].type ? callers[at].type : callers[at].name;
        PyObject *module = PyObject_HasAttrString(external, first) ? external : bootstrap;
        callers[at].code = code_at(module, callers[at].type, callers[at].name);
        if (!callers[at].code) {
            return -1;
        }
    }
    return 0;
}

/* Stand in for os.stat where importlib calls it; returns 0, or -1 with an exception set. */
int
looks_watch(PyObject *bootstrap, PyObject *external)
{
    PyObject *posix = PyImport_ImportModule("posix"), *type = posix ? PyObject_GetAttrString(posix, "stat_result") : NULL;
    PyObject *fields = type ? PyObject_GetAttrString(type, "n_fields") : NULL;
    int result = fields ? 0 : -1;
    if (fields && PyLong_AsLong(fields) == FIELDS) {
        const int fast = METH_FASTCALL | METH_KEYWORDS;
        result_type = (PyTypeObject *)Py_NewRef(type);
        result = remember(finding, Py_ARRAY_LENGTH(finding), bootstrap, external);
        result = result == 0 ? remember(loading, Py_ARRAY_LENGTH(loading), bootstrap, external) : -1;
        result = result == 0 ? builtin_divert(builtin_definition_in("posix", "stat"), "stat", fast, (void *)stat_of, &real_stat) : -1;
    }
    Py_XDECREF(fields);
    Py_XDECREF(type);
    Py_XDECREF(posix);
    return result;
}
