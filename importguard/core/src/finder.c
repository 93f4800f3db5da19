/* The door for imports: a finder at position 0 that asks the others, and looks at what they found. Twins: finder.py and
 * the first questions of imports.py.
 *
 * Most modules are the standard library's, the application's, or of a distribution about which there is nothing to say:
 * those cost a lookup. Python has a closer look at the others. */
#include "finder.h"

#include "judge.h"
#include "owners.h"
#include "paths.h"
#include "standins.h"
#include "timed.h"

#include "internal/pycore_namespace.h"

#include <fcntl.h>
#include <unistd.h>

#define UNCHECKED_HASH 1 /* of the bits in a .pyc's flags, PEP 552 */
#define HASH_BITS 3

typedef struct {
    PyObject_HEAD
    PyObject *patches; /* {module: function that is called with it after it ran} */
} Finder;

/* Return an attribute of a spec, None where it has none; a spec may be of a package's own making, so that this may run its
 * code: it comes before the guard is at work. NULL with an exception set. */
static PyObject *
field(PyObject *spec, PyObject *name)
{
    PyObject *value = PyObject_GetAttr(spec, name);
    if (!value && PyErr_ExceptionMatches(PyExc_AttributeError)) {
        PyErr_Clear();
        return Py_NewRef(Py_None);
    }
    return value;
}

static bool
is_unchecked(const char *head)
{
    return (head[4] & HASH_BITS) == UNCHECKED_HASH;
}

static bool
is_unchecked_file(PyObject *cached)
{
    Text file;
    PyObject *keeper;
    char head[16];
    if (text_of_name(cached, &file, &keeper) < 0) {
        return true;
    }
    int fd = open(file.data, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    ssize_t size = fd < 0 ? 0 : pread(fd, head, sizeof head, 0);
    if (fd >= 0) {
        close(fd);
    }
    Py_XDECREF(keeper);
    return size >= 8 && is_unchecked(head);
}

/* Say whether a .pyc is worth a closer look: its flags say that it isn't compared with its source, or a wheel brought it. What
 * importlib itself reads has its flags looked at then. */
static bool
is_odd_bytecode(PyObject *spec, PyObject *origin, PyObject *cached)
{
    Text path;
    PyObject *keeper;
    if (text_of_name(origin, &path, &keeper) < 0) {
        return true;
    }
    bool is_source = text_ends(path, ".py"), is_bytecode = text_ends(path, ".pyc");
    Py_XDECREF(keeper);
    if (is_bytecode || !is_source || !PyUnicode_CheckExact(cached)) {
        return is_bytecode;
    }
    if (PySet_Contains(core.wheel_bytecode, cached) != 0) {
        return true;
    }
    PyObject *loader = field(spec, interned.loader);
    bool is_read_later = loader && (PyObject *)Py_TYPE(loader) == pinned.source_loader;
    Py_XDECREF(loader);
    PyErr_Clear();
    return !is_read_later && is_unchecked_file(cached);
}

static bool
is_startup_module(PyObject *name)
{
    return PyUnicode_CompareWithASCIIString(name, "sitecustomize") == 0
           || PyUnicode_CompareWithASCIIString(name, "usercustomize") == 0;
}

/* Return the owner of a module's file; -1 with an exception set. */
static int
owner_of(PyObject *origin, OwnerId *owner)
{
    Text name;
    PyObject *keeper;
    Buffer real;
    if (text_of_name(origin, &name, &keeper) < 0) {
        return -1;
    }
    buffer_start(&real);
    const struct stat *look = looks_of(origin);
    struct stat status = look ? *look : (struct stat){0};
    int result = paths_resolve(name, look ? OPENED_UNLESS_A_LINK : WORKING_FOLDER, &real);
    if (result == 0) {
        status = look ? status : *looked_at(); /* who is asked may look elsewhere */
        *owner = owner_of_path(buffer_text(&real));
        place_expect(origin, &real, &status, *owner);
    }
    buffer_end(&real);
    Py_XDECREF(keeper);
    return result;
}

static int
examine_file(PyObject *name, PyObject *spec, PyObject *origin, PyObject *cached)
{
    OwnerId owner = OWNER_UNOWNED;
    if (owner_of(origin, &owner) < 0) {
        return -1;
    }
    OwnerText text = owner_text(owner);
    if (text.kind == KIND_APP || text.kind == KIND_STDLIB) {
        return 0;
    }
    int verdict = judge_import(name, text);
    if (verdict == IMPORT_UNSURE || (core.refuses_startup_files && is_startup_module(name))
        || (core.examines_bytecode && is_odd_bytecode(spec, origin, cached))) {
        return report_import(name, spec, false);
    }
    return verdict < 0 ? -1 : verdict == IMPORT_REFUSED ? report_import(name, spec, true) : 0;
}

/* Return what stands for the spec of a module whose bytecode the import system makes code of: its innermost frame knows. */
static PyObject *
spec_here(PyObject **name, PyObject **origin)
{
    Cursor cursor;
    cursor_start(&cursor, NULL);
    PyObject *cached = cursor_local(&cursor, interned.bytecode_path), *spec = NULL;
    *name = cursor_local(&cursor, interned.name);
    *origin = cursor_local(&cursor, interned.source_path);
    cursor_end(&cursor);
    if (cached && *name && *origin && PyUnicode_CheckExact(*origin)) {
        PyObject *fields = Py_BuildValue("{sOsOsO}", "origin", *origin, "cached", cached, "loader", Py_None);
        spec = fields ? _PyNamespace_New(fields) : NULL;
        Py_XDECREF(fields);
    }
    Py_XDECREF(cached);
    return spec;
}

/* Look at the flags of bytecode that the import system makes code of: marshal.loads(data), called by _compile_bytecode. Returns
 * 0, or -1 with an exception set. */
int
finder_look_at_bytecode(PyObject *data)
{
    PyObject *whole = core.examines_bytecode && PyMemoryView_Check(data) ? PyMemoryView_GET_BASE(data) : NULL;
    if (!whole || !PyBytes_CheckExact(whole) || PyBytes_GET_SIZE(whole) < 8 || !is_unchecked(PyBytes_AS_STRING(whole))) {
        return 0;
    }
    PyObject *name, *origin, *spec = spec_here(&name, &origin);
    OwnerId owner = OWNER_UNOWNED;
    int result = spec ? owner_of(origin, &owner) : PyErr_Occurred() ? -1 : 0;
    if (spec && result == 0 && owner_text(owner).kind != KIND_APP && owner_text(owner).kind != KIND_STDLIB) {
        result = report_import(name, spec, false);
    }
    Py_XDECREF(spec);
    Py_XDECREF(name);
    Py_XDECREF(origin);
    return result < 0 ? without_our_frames() : 0;
}

/* Look at what the finders found for a module before anything of it runs; returns 0, or -1 with an exception set. */
static int
examine(PyObject *name, PyObject *spec)
{
    int result = -1;
    PyObject *origin = field(spec, interned.origin), *cached = origin ? cached_of(spec, origin) : NULL;
    if (origin && !cached) {
        PyErr_Clear();
        cached = field(spec, interned.cached);
    }
    if (cached && PyUnicode_CheckExact(origin)) {
        bool has_no_file = PyUnicode_CompareWithASCIIString(origin, "built-in") == 0
                           || PyUnicode_CompareWithASCIIString(origin, "frozen") == 0;
        result = has_no_file ? 0 : examine_file(name, spec, origin, cached);
    }
    else if (cached) {
        /* A namespace package runs no code, but all of its portions may belong to a bad distribution. */
        result = owners_have_problems() ? report_import(name, spec, false) : 0;
    }
    Py_XDECREF(origin);
    Py_XDECREF(cached);
    return result < 0 ? without_our_frames() : result;
}

/* Ask one finder; returns a new reference, None where it has nothing, NULL with an exception set. */
static PyObject *
ask_finder(PyObject *finder, PyObject *name, PyObject *path, PyObject *target)
{
    PyObject *find = PyObject_GetAttr(finder, interned.find_spec);
    if (!find) {
        if (!PyErr_ExceptionMatches(PyExc_AttributeError)) {
            return NULL;
        }
        PyErr_Clear();
        return Py_NewRef(Py_None);
    }
    PyObject *spec = PyObject_Vectorcall(find, (PyObject *[]){name, path, target}, 3, NULL);
    Py_DECREF(find);
    return spec;
}

/* Examine what was found, and have the module patched after it ran where that is wanted; returns 0 or -1. */
static int
take(Finder *self, PyObject *name, PyObject *spec)
{
    if (TIMED(timed_finder, (heartbeat(), examine(name, spec))) < 0) {
        return -1;
    }
    PyObject *patch = PyUnicode_CheckExact(name) ? PyDict_GetItemWithError(self->patches, name) : NULL;
    if (!patch) {
        return PyErr_Occurred() ? -1 : 0;
    }
    PyObject *pair = PyTuple_Pack(2, spec, patch), *answer = pair ? attend(core.patch, pair) : NULL;
    Py_XDECREF(pair);
    Py_XDECREF(answer);
    return answer ? 0 : -1;
}

static PyObject *
find_spec(Finder *self, PyObject *args, PyObject *options)
{
    static char *names[] = {"fullname", "path", "target", NULL};
    PyObject *name, *path = Py_None, *target = Py_None, *meta_path = _PySys_GetAttr(PyThreadState_Get(), interned.meta_path), *spec = NULL;
    if (!PyArg_ParseTupleAndKeywords(args, options, "O|OO:find_spec", names, &name, &path, &target)) {
        return NULL;
    }
    if (!meta_path) {
        return PyErr_NoMemory(); /* which is why it isn't found: the finders behind this one would be asked by others, and not here */
    }
    looks_forget();
    /* A finder may change the list while it is asked. */
    Py_INCREF(meta_path);
    PyObject *finders = PySequence_Tuple(meta_path);
    Py_DECREF(meta_path);
    for (Py_ssize_t at = 0; finders && at < PyTuple_GET_SIZE(finders); at++) {
        PyObject *finder = PyTuple_GET_ITEM(finders, at);
        if (finder == (PyObject *)self || is_known_not_to_find(finder, name)) {
            continue;
        }
        spec = ask_finder(finder, name, path, target);
        if (spec != Py_None) {
            break;
        }
        Py_CLEAR(spec);
    }
    bool is_done = finders != NULL && !PyErr_Occurred();
    Py_XDECREF(finders);
    if (spec && take(self, name, spec) < 0) {
        Py_CLEAR(spec);
        is_done = false;
    }
    return spec ? spec : is_done ? Py_NewRef(Py_None) : NULL;
}

static PyObject *
invalidate_caches(PyObject *Py_UNUSED(self), PyObject *Py_UNUSED(nothing))
{
    Py_RETURN_NONE;
}

static PyMethodDef methods[] = {
    {"find_spec", (PyCFunction)(void (*)(void))find_spec, METH_VARARGS | METH_KEYWORDS,
     PyDoc_STR("Ask the finders behind this one, and look at what they found.")},
    {"invalidate_caches", invalidate_caches, METH_NOARGS, PyDoc_STR("Nothing is cached here.")},
    {NULL, NULL, 0, NULL},
};

/* Programs look at what stands in sys.meta_path by the name of its module, awscli at its import; a type that isn't
 * made in Python has one, and what is of that type hasn't. */
static PyObject *
module_of(PyObject *Py_UNUSED(self), void *Py_UNUSED(nothing))
{
    return PyUnicode_FromString("importguard.core.ccore");
}

static PyGetSetDef attributes[] = {
    {"__module__", module_of, NULL, NULL, NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

/* No cycle goes through it, and the garbage collector doesn't show what it holds. */
PyTypeObject FinderType = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "importguard.core.ccore.Finder",
    .tp_doc = PyDoc_STR("Asks the finders behind it, and hands their spec on as it is."),
    .tp_basicsize = sizeof(Finder),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_IMMUTABLETYPE | Py_TPFLAGS_DISALLOW_INSTANTIATION,
    .tp_methods = methods,
    .tp_getset = attributes,
};

/* Return the finder, which has `patches` called; NULL with an exception set. */
PyObject *
finder_new(PyObject *patches)
{
    Finder *finder = PyObject_New(Finder, &FinderType);
    if (finder) {
        finder->patches = Py_NewRef(patches);
    }
    return (PyObject *)finder;
}
