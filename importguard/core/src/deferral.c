/* Where work is arranged: builtins are diverted where they are defined, so that they stay the objects that they are, for
 * references that were taken before as well; functions of the library where they are called. Twin: wraps/deferred.py. */
#include "builtins.h"
#include "carrier.h"

static PyCFunction real_start, real_new_start, real_get_handler;
static PyCFunctionWithKeywords real_register;
static _PyCFunctionFast real_set_handler;
static _PyCFunctionFastWithKeywords real_register_at_fork;

/* Return a copy of a tuple with the callable in it carried, or the tuple itself: a new reference. */
static PyObject *
with_carried(PyObject *args, Py_ssize_t position, Manner manner)
{
    if (PyTuple_GET_SIZE(args) <= position) {
        return Py_NewRef(args);
    }
    PyObject *function = PyTuple_GET_ITEM(args, position);
    PyObject *carried = carry_callable(function, manner), *copy;
    if (!carried || carried == function) {
        Py_XDECREF(carried);
        return carried ? Py_NewRef(args) : NULL;
    }
    copy = PyTuple_New(PyTuple_GET_SIZE(args));
    for (Py_ssize_t at = 0; copy && at < PyTuple_GET_SIZE(args); at++) {
        PyTuple_SET_ITEM(copy, at, Py_NewRef(at == position ? carried : PyTuple_GET_ITEM(args, at)));
    }
    Py_DECREF(carried);
    return copy;
}

static PyObject *
start_by(PyCFunction real, PyObject *self, PyObject *args)
{
    PyObject *given = with_carried(args, 0, THREAD);
    PyObject *result = given ? real(self, given) : NULL;
    Py_XDECREF(given);
    return result;
}

static PyObject *
start(PyObject *self, PyObject *args)
{
    return start_by(real_start, self, args);
}

static PyObject *
new_start(PyObject *self, PyObject *args)
{
    return start_by(real_new_start, self, args);
}

#if PY_VERSION_HEX >= 0x030D0000

static PyCFunctionWithKeywords real_start_joinable;

/* Return a copy of keyword arguments with a callable among them carried, or the dict itself: a new reference. */
static PyObject *
names_with_carried(PyObject *names, const char *name, Manner manner)
{
    PyObject *function = NULL;
    if (names && entry_of(names, name, &function) < 0) {
        return NULL;
    }
    PyObject *carried = function ? carry_callable(function, manner) : NULL;
    if (!carried) {
        return function ? NULL : Py_XNewRef(names);
    }
    PyObject *copy = carried == function ? Py_NewRef(names) : PyDict_Copy(names);
    if (copy && carried != function && PyDict_SetItemString(copy, name, carried) < 0) {
        Py_CLEAR(copy);
    }
    Py_DECREF(carried);
    return copy;
}

static PyObject *
start_joinable(PyObject *self, PyObject *args, PyObject *names)
{
    PyObject *given = with_carried(args, 0, THREAD), *result = NULL;
    PyObject *named = given ? names_with_carried(names, "function", THREAD) : NULL;
    if (given && (named || !names)) {
        result = real_start_joinable(self, given, named);
    }
    Py_XDECREF(given);
    Py_XDECREF(named);
    return result;
}

#endif

static bool
is_librarys(PyObject *code)
{
    Tag tag = tag_get((PyCodeObject *)code);
    return place_at(tag)->meaning == STDLIB && !(tag & MADE);
}

/* Say whether it is a module of the library's, as it is imported, that registers a function of its own: whoever happens to be the first to
 * import that has no part in what it does at the end. */
static bool
is_own_of_library(PyObject *function)
{
    const PyCodeObject *const outwards[] = {pinned.call_removed, pinned.exec_module, pinned.load_unlocked};
    Cursor cursor;
    if (!PyFunction_Check(function) || !is_librarys(PyFunction_GET_CODE(function))) {
        return false;
    }
    cursor_start(&cursor, NULL);
    PyObject *globals = cursor.code && is_librarys((PyObject *)cursor.code) ? cursor_globals(&cursor) : NULL;
    bool result = globals && globals == PyFunction_GET_GLOBALS(function);
    Py_XDECREF(globals);
    for (size_t at = 0; result && at < Py_ARRAY_LENGTH(outwards); at++) {
        do {
            cursor_back(&cursor);
        } while (cursor.code && place_at(tag_get(cursor.code))->meaning == GUARD); /* which loads what it watches */
        result = cursor.code == outwards[at];
    }
    cursor_end(&cursor);
    return result;
}

static bool
is_nobodys(PyObject *args)
{
    PyObject *function = PyTuple_GET_SIZE(args) == 1 ? PyTuple_GET_ITEM(args, 0) : NULL;
    return function && (doors_is_exit(function) || is_own_of_library(function));
}

static PyObject *
register_at_exit(PyObject *self, PyObject *args, PyObject *names)
{
    PyObject *given = is_nobodys(args) ? Py_NewRef(args) : with_carried(args, 0, ROOT);
    PyObject *result = given ? real_register(self, given, names) : NULL;
    if (result && PyTuple_GET_SIZE(args) > 0) {
        Py_SETREF(result, Py_NewRef(PyTuple_GET_ITEM(args, 0)));
    }
    Py_XDECREF(given);
    return result;
}

static PyObject *
set_handler(PyObject *self, PyObject *const *args, Py_ssize_t size)
{
    if (size != 2) {
        return real_set_handler(self, args, size);
    }
    PyObject *given[2] = {args[0], carry_callable(args[1], HANDLING)};
    PyObject *result = given[1] ? real_set_handler(self, given, size) : NULL;
    Py_XDECREF(given[1]);
    return without_carried(result);
}

static PyObject *
get_handler(PyObject *self, PyObject *number)
{
    return without_carried(real_get_handler(self, number));
}

enum { FORK_FUNCTIONS = 3 };

/* before=, after_in_child=, after_in_parent= */
static PyObject *
register_at_fork(PyObject *self, PyObject *const *args, Py_ssize_t size, PyObject *names)
{
    PyObject *given[FORK_FUNCTIONS], *result = NULL;
    Py_ssize_t all = names ? PyTuple_GET_SIZE(names) : 0, made = 0;
    if (size > 0 || all > FORK_FUNCTIONS) {
        return real_register_at_fork(self, args, size, names);
    }
    while (made < all && (given[made] = carry_callable(args[made], AT_FORK))) {
        made++;
    }
    if (made == all) {
        result = real_register_at_fork(self, given, 0, names);
    }
    while (made > 0) {
        Py_DECREF(given[--made]);
    }
    return result;
}

typedef struct {
    const char *module, *name;
    int flags;
    void *diverted, *real; /* `real` is where to keep the builtin's own */
} Builtin;

static int
divert(const Builtin *builtin)
{
    PyMethodDef *definition = builtin_definition_in(builtin->module, builtin->name);
    return builtin_divert(definition, builtin->name, builtin->flags, builtin->diverted, builtin->real);
}

static int
divert_all(void)
{
    const Builtin builtins[] = {
        {"_thread", "start_new_thread", METH_VARARGS, (void *)start, &real_start},
        {"_thread", "start_new", METH_VARARGS, (void *)new_start, &real_new_start},
#if PY_VERSION_HEX >= 0x030D0000
        {"_thread", "start_joinable_thread", METH_VARARGS | METH_KEYWORDS, (void *)start_joinable, &real_start_joinable},
#endif
        {"atexit", "register", METH_VARARGS | METH_KEYWORDS, (void *)register_at_exit, &real_register},
        {"_signal", "signal", METH_FASTCALL, (void *)set_handler, &real_set_handler},
        {"_signal", "getsignal", METH_O, (void *)get_handler, &real_get_handler},
        {"posix", "register_at_fork", METH_FASTCALL | METH_KEYWORDS, (void *)register_at_fork, &real_register_at_fork},
    };
    for (size_t at = 0; at < Py_ARRAY_LENGTH(builtins); at++) {
        if (divert(&builtins[at]) < 0) {
            return -1;
        }
    }
    return 0;
}

static PyMethodDef watch_method = {"watch", doors_watch, METH_O, PyDoc_STR("Carry what is handed to a module's classes.")};

/* From now on what is deferred carries where it comes from. Returns `watch(module)`, which is told of the modules in Python
 * that defer work; NULL with an exception set. */
PyObject *
carry_from_now_on(void)
{
    capture_start();
    return divert_all() < 0 || callbacks_divert() < 0 ? NULL : PyCFunction_New(&watch_method, NULL);
}
