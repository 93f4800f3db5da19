/* Which modules and classes are compared around each import: those of distributions and of the application, and those of the
 * standard library through which data, keys and programs go. No twin: pycore doesn't compare.
 *
 * While something is compared nothing of Python's runs, so that what is compared stays where it is. */
#include "snapshots.h"

#include <string.h>

/* A module or one of its classes: `holder` is a weak reference to it, `dict` what it had there (borrowed: to be read while the
 * holder lives), `type` the name of the class, or NULL. */
typedef struct {
    PyObject *holder, *dict, *module, *type;
    OwnerId owner;
    Names names;
} Snapshot;

static Snapshot *snapshots;
static size_t snapshot_count, snapshot_room;
static Names modules;
static PyObject *module_key; /* "__module__" */

#define NAME(text) {text, sizeof text - 1}

static const Text LIBRARY[] = {
    NAME("_frozen_importlib"), NAME("_frozen_importlib_external"), NAME("_io"), NAME("asyncio.base_events"), NAME("base64"),
    NAME("builtins"), NAME("ctypes"), NAME("ftplib"), NAME("getpass"), NAME("hashlib"), NAME("hmac"), NAME("http.client"),
    NAME("imaplib"), NAME("importlib"), NAME("io"), NAME("json"), NAME("json.decoder"), NAME("json.encoder"), NAME("marshal"),
    NAME("os"), NAME("pickle"), NAME("pkgutil"), NAME("posix"), NAME("runpy"), NAME("secrets"), NAME("shutil"),
    NAME("smtplib"), NAME("socket"), NAME("sqlite3"), NAME("sqlite3.dbapi2"), NAME("ssl"), NAME("subprocess"),
    NAME("tempfile"), NAME("urllib.request"), NAME("webbrowser"), NAME("zipimport"),
};

static bool
is_compared(PyObject *name)
{
    Py_ssize_t size;
    const char *text = PyUnicode_AsUTF8AndSize(name, &size);
    size_t at = 0;
    if (!text) {
        PyErr_Clear(); /* a lone surrogate */
        return false;
    }
    while (at < Py_ARRAY_LENGTH(LIBRARY) && !text_same(LIBRARY[at], (Text){text, (size_t)size})) {
        at++;
    }
    return at < Py_ARRAY_LENGTH(LIBRARY);
}

/* Return the object of a weak reference, borrowed; NULL where it is gone. */
static PyObject *
object_of(const Snapshot *snapshot)
{
    PyObject *object = ((PyWeakReference *)snapshot->holder)->wr_object;
    return object == Py_None || Py_REFCNT(object) <= 0 ? NULL : object;
}

static PyObject *
dict_of(PyObject *holder)
{
    return PyType_Check(holder) ? ((PyTypeObject *)holder)->tp_dict : PyModule_GetDict(holder);
}

static void
drop(Snapshot *snapshot, PyObject *waste)
{
    Snapshot gone = *snapshot;
    *snapshot = snapshots[--snapshot_count];
    names_drop(&gone.names, waste);
    Py_XDECREF(gone.type);
    Py_DECREF(gone.module);
    Py_DECREF(gone.holder);
}

static int
make_room(void)
{
    size_t room = snapshot_room ? snapshot_room * 2 : 256;
    if (snapshot_count < snapshot_room) {
        return 0;
    }
    Snapshot *moved = PyMem_Realloc(snapshots, room * sizeof(Snapshot));
    if (!moved) {
        PyErr_NoMemory();
        return -1;
    }
    snapshots = moved;
    snapshot_room = room;
    return 0;
}

/* Remember one module or class; returns 0, or -1 with an exception set. */
static int
add(PyObject *holder, PyObject *module, PyObject *type, OwnerId owner)
{
    Names names;
    PyObject *reference = PyWeakref_NewRef(holder, NULL); /* may run finalizers: it comes first */
    if (!reference) {
        return -1;
    }
    PyObject *dict = dict_of(holder);
    if (make_room() < 0 || names_take(&names, dict, false) < 0) {
        Py_DECREF(reference);
        return -1;
    }
    snapshots[snapshot_count++] = (Snapshot){reference, dict, Py_NewRef(module), Py_XNewRef(type), owner, names};
    return 0;
}

/* Say whether a value is a class that was made in the module of this name. */
static bool
is_class_of(PyObject *value, PyObject *module)
{
    if (!PyType_Check(value) || !(((PyTypeObject *)value)->tp_flags & Py_TPFLAGS_HEAPTYPE)) {
        return false;
    }
    PyObject *name = PyDict_GetItemWithError(((PyTypeObject *)value)->tp_dict, module_key);
    return name && PyUnicode_CheckExact(name) && PyUnicode_Compare(name, module) == 0;
}

/* Return the names and classes of a module, name by class, as a list. NULL with an exception set. */
static PyObject *
classes_of(PyObject *dict, PyObject *module)
{
    PyObject *found = PyList_New(0), *key, *value;
    for (Py_ssize_t at = 0; found && next_name(dict, &at, &key, &value);) {
        if (PyUnicode_CheckExact(key) && is_class_of(value, module)
            && (PyList_Append(found, key) < 0 || PyList_Append(found, value) < 0)) {
            Py_CLEAR(found);
        }
    }
    return found;
}

/* Return whose a module is, by itself or by its name; NOBODY where it isn't compared. */
static OwnerId
owner_of_module(PyObject *module, PyObject *name)
{
    for (size_t at = 0; at < snapshot_count; at++) {
        const Snapshot *snapshot = &snapshots[at];
        if (!snapshot->type && (module ? object_of(snapshot) == module : PyUnicode_Compare(snapshot->module, name) == 0)) {
            return snapshot->owner;
        }
    }
    return NOBODY;
}

/* A module that is executed a second time is compared from then on with what it holds by then. */
static void
forget(PyObject *module, PyObject *name, OwnerId owner, PyObject *waste)
{
    for (size_t at = snapshot_count; at-- > 0;) {
        const Snapshot *snapshot = &snapshots[at];
        bool is_of_it = object_of(snapshot) == module || (snapshot->type && PyUnicode_Compare(snapshot->module, name) == 0);
        if (is_of_it && snapshot->owner == owner) {
            drop(&snapshots[at], waste);
        }
    }
}

/* Say whether what was executed is somebody's code in a module that is another's, or the library's: whoever had it executed changes that. */
static bool
is_anothers(PyObject *module, OwnerId owner)
{
    OwnerId before = owner_of_module(module, NULL);
    return before != NOBODY && (before != owner || before == OWNER_STDLIB);
}

static bool
has_references(PyObject *module)
{
    Py_ssize_t offset = Py_TYPE(module)->tp_weaklistoffset;
    return offset > 0 && *(PyObject **)((char *)module + offset) != NULL;
}

/* Remember what a module and its classes hold; returns 0, or -1 with an exception set. */
static int
watch(PyObject *module, PyObject *name, OwnerId owner)
{
    PyObject *classes = classes_of(PyModule_GetDict(module), name);
    int result = classes ? add(module, name, NULL, owner) : -1;
    for (Py_ssize_t at = 0; result == 0 && at < PyList_GET_SIZE(classes); at += 2) {
        result = add(PyList_GET_ITEM(classes, at + 1), name, PyList_GET_ITEM(classes, at), owner);
    }
    Py_XDECREF(classes);
    return result;
}

/* A module's body is over: compare it from now on, if it is one of those. Returns 0, or -1 with an exception set. */
int
snapshots_watch(PyObject *module, PyObject *name, OwnerId owner)
{
    if (owner == OWNER_STDLIB && !is_compared(name)) {
        return 0;
    }
    if (has_references(module)) {
        if (is_anothers(module, owner)) {
            return 0;
        }
        PyObject *waste = PyList_New(0);
        if (!waste) {
            return -1;
        }
        forget(module, name, owner, waste);
        Py_DECREF(waste);
    }
    return watch(module, name, owner);
}

/* Compare what of the standard library was there before the guard; returns 0, or -1 with an exception set. */
int
snapshots_watch_library(void)
{
    PyObject *loaded = PyImport_GetModuleDict();
    module_key = PyUnicode_InternFromString("__module__");
    for (size_t at = 0; module_key && at < Py_ARRAY_LENGTH(LIBRARY); at++) {
        PyObject *name = PyUnicode_InternFromString(LIBRARY[at].data);
        PyObject *module = name ? PyDict_GetItemWithError(loaded, name) : NULL;
        int result = module && PyModule_Check(module) ? watch(module, name, OWNER_STDLIB) : name ? 0 : -1;
        Py_XDECREF(name);
        if (result < 0) {
            return -1;
        }
    }
    return module_key ? names_take(&modules, loaded, true) : -1;
}

typedef struct {
    const Snapshot *snapshot;
    PyObject *holder;
    OwnerId author;
    Changes *changes;
} Comparison;

static PyObject *
target_of(const Snapshot *snapshot, PyObject *key)
{
    if (!snapshot) {
        return PyUnicode_FromFormat("sys.modules.%U", key);
    }
    return snapshot->type ? PyUnicode_FromFormat("%U.%U.%U", snapshot->module, snapshot->type, key)
                          : PyUnicode_FromFormat("%U.%U", snapshot->module, key);
}

/* Note a change; returns 0, or -1 with an exception set. */
static int
note(const Comparison *comparison, PyObject *key, PyObject *old, OwnerId victim)
{
    Changes *changes = comparison->changes;
    if (changes->count == changes->room) {
        size_t room = changes->room ? changes->room * 2 : 16;
        Change *moved = PyMem_Realloc(changes->all, room * sizeof(Change));
        if (!moved) {
            PyErr_NoMemory();
            return -1;
        }
        changes->all = moved;
        changes->room = room;
    }
    PyObject *target = target_of(comparison->snapshot, key);
    if (!target) {
        return -1;
    }
    changes->all[changes->count++] =
        (Change){Py_NewRef(comparison->holder), Py_NewRef(key), Py_XNewRef(old), target, victim};
    return 0;
}

static int
on_change(void *context, PyObject *key, PyObject *Py_UNUSED(value), PyObject *old)
{
    const Comparison *comparison = context;
    OwnerId victim = comparison->snapshot->owner;
    return comparison->author == NOBODY || comparison->author == victim ? 0 : note(comparison, key, old, victim);
}

static bool
is_noted(const Changes *changes, PyObject *holder, PyObject *key)
{
    for (size_t at = 0; at < changes->count; at++) {
        if (changes->all[at].holder == holder && PyUnicode_Compare(changes->all[at].key, key) == 0) {
            return true;
        }
    }
    return false;
}

/* An entry of sys.modules has changed: a module that its owner has loaded anew is none of anybody's business. */
static int
on_module(void *context, PyObject *key, PyObject *value, PyObject *old)
{
    const Comparison *comparison = context;
    if (comparison->author == NOBODY) {
        return 0;
    }
    OwnerId victim = owner_of_module(NULL, key);
    bool is_its_own = victim == NOBODY || victim == comparison->author || owner_of_module(value, NULL) == victim;
    return is_its_own || is_noted(comparison->changes, comparison->holder, key) ? 0 : note(comparison, key, old, victim);
}

/* What was compared is gone. Where its name leads to another module by now, nobody else held it, and the other one may lie where it lay,
 * so that an address tells nothing. Returns 0, or -1 with an exception set. */
static int
look_for_another(const Snapshot *snapshot, OwnerId author, Changes *changes)
{
    PyObject *loaded = PyImport_GetModuleDict();
    PyObject *value = snapshot->type ? NULL : PyDict_GetItemWithError(loaded, snapshot->module);
    Comparison comparison = {NULL, loaded, author, changes};
    return value ? on_module(&comparison, snapshot->module, value, NULL) : PyErr_Occurred() ? -1 : 0;
}

static int
compare_modules(OwnerId author, Changes *changes)
{
    PyObject *loaded = PyImport_GetModuleDict();
    Comparison comparison = {NULL, loaded, author, changes};
    return names_are_same(&modules, loaded) ? 0
                                            : names_compare(&modules, loaded, true, changes->waste, on_module, &comparison);
}

/* Nearly all are as they were: what costs is to have them in the processor's cache. */
static void
look_ahead(size_t at)
{
    const size_t ahead = 8;
    if (at >= ahead) {
        __builtin_prefetch(&((PyWeakReference *)snapshots[at - ahead].holder)->wr_object);
        __builtin_prefetch(&((PyDictObject *)snapshots[at - ahead].dict)->ma_version_tag);
    }
}

static bool
is_gone(const Snapshot *snapshot)
{
    return ((PyWeakReference *)snapshot->holder)->wr_object == Py_None;
}

/* Find what has changed since the last time. What the `author` did to others is noted; it may be NOBODY. Returns 0, or -1
 * with an exception set; the changes are the caller's to drop either way. */
int
snapshots_compare(OwnerId author, Changes *changes)
{
    int result = (changes->waste = PyList_New(0)) ? 0 : -1;
    for (size_t at = snapshot_count; result == 0 && at-- > 0;) {
        Snapshot *snapshot = &snapshots[at];
        look_ahead(at);
        if (is_gone(snapshot)) {
            result = look_for_another(snapshot, author, changes);
            drop(snapshot, changes->waste);
        }
        else if (!names_are_same(&snapshot->names, snapshot->dict) && object_of(snapshot)) {
            Comparison comparison = {snapshot, object_of(snapshot), author, changes};
            result = names_compare(&snapshot->names, snapshot->dict, false, changes->waste, on_change, &comparison);
        }
    }
    return result == 0 ? compare_modules(author, changes) : -1;
}

void
changes_drop(Changes *changes)
{
    for (size_t at = 0; at < changes->count; at++) {
        Py_DECREF(changes->all[at].holder);
        Py_DECREF(changes->all[at].key);
        Py_XDECREF(changes->all[at].old);
        Py_DECREF(changes->all[at].target);
    }
    PyMem_Free(changes->all);
    Py_XDECREF(changes->waste);
    *changes = (Changes){0};
}
