/* The names of a dictionary that lead to functions and classes, compared with what they led to before. Nothing is looked up
 * by a key, and nothing compared by its value: no code of anybody's runs.
 *
 * A name is remembered by half of its hash, what it leads to by a hash of its address: no object lives longer for it. Only
 * where a policy may refuse a change is what was there kept, so that it can be put back. */
#include "snapshots.h"

#include <string.h>

static uint64_t
version_of(PyObject *dict)
{
    return ((PyDictObject *)dict)->ma_version_tag;
}

/* Say whether nothing has been put into a dictionary since: CPython never gives one version to two states. */
bool
names_are_same(const Names *names, PyObject *dict)
{
    return names->version == version_of(dict);
}

/* Say whether a value is code: data changes all the time, and that is nobody's business. */
static inline bool
is_code(PyObject *value)
{
    PyTypeObject *type = Py_TYPE(value);
    return type == &PyFunction_Type || type == &PyCFunction_Type || PyType_Check(value) || type == &PyMethod_Type
           || type == &PyStaticMethod_Type || type == &PyClassMethod_Type || type == &PyProperty_Type;
}

/* Return something that belongs to a value: the address alone may be another's once the value is gone. */
static inline PyObject *
part_of(PyObject *value)
{
    if (PyFunction_Check(value)) {
        return ((PyFunctionObject *)value)->func_code;
    }
    return PyType_Check(value) ? ((PyTypeObject *)value)->tp_dict : NULL;
}

/* Return what a value is remembered by, 0 for one that may change. */
static inline uint32_t
mark_of(PyObject *value, bool of_modules)
{
    if (!of_modules && !is_code(value)) {
        return 0;
    }
    PyObject *part = of_modules ? NULL : part_of(value); /* a module that is gone is seen by its own snapshot */
    uint64_t mixed = ((uint64_t)(uintptr_t)value >> 4) * 0x9E3779B97F4A7C15u ^ ((uint64_t)(uintptr_t)part >> 4);
    mixed *= 0xD6E8FEB86659FD93u;
    uint32_t mark = (uint32_t)(mixed >> 32);
    return mark ? mark : 1;
}

static inline uint32_t
mark_of_key(PyObject *key)
{
    return (uint32_t)((PyASCIIObject *)key)->hash; /* a key has it already */
}

/* Forget what is remembered. What was kept goes to `waste`, a list: a finalizer that ran now could change anything. */
void
names_drop(Names *names, PyObject *waste)
{
    for (size_t at = 0; names->kept && at < names->count; at++) {
        if (names->kept[at] && PyList_Append(waste, names->kept[at]) == 0) {
            Py_DECREF(names->kept[at]);
        }
    }
    PyErr_Clear(); /* no memory: it stays alive */
    PyMem_Free(names->kept);
    PyMem_Free(names->held);
    *names = (Names){0};
}

/* Make room for so many names; returns 0, or -1 with an exception set. */
static int
make_room(Names *names, size_t room)
{
    names->held = PyMem_New(Held, room + 1);
    names->kept = core.undoes_patches ? PyMem_New(PyObject *, room + 1) : NULL;
    names->room = room;
    if (names->held && (names->kept || !core.undoes_patches)) {
        return 0;
    }
    PyMem_Free(names->kept);
    PyMem_Free(names->held);
    *names = (Names){0};
    PyErr_NoMemory();
    return -1;
}

/* Make more room; returns 0, or -1 where there is none to be had. */
static int
make_more_room(Names *names)
{
    size_t room = names->room * 2 + 16;
    Held *held = PyMem_Realloc(names->held, room * sizeof(Held));
    names->held = held ? held : names->held;
    PyObject **kept = held && names->kept ? PyMem_Realloc(names->kept, room * sizeof(PyObject *)) : NULL;
    if (!held || (names->kept && !kept)) {
        return -1;
    }
    names->kept = kept;
    names->room = room;
    return 0;
}

static void
append(Names *names, uint32_t key, uint32_t mark, PyObject *value)
{
    if (names->kept) {
        names->kept[names->count] = mark ? Py_XNewRef(value) : NULL;
    }
    names->held[names->count++] = (Held){key, mark};
}

/* Return where a name is among others, `count` where it isn't. They mostly come in the same order. */
static size_t
find(const Names *names, uint32_t key, size_t guess)
{
    for (size_t step = 0; step < names->count; step++) {
        size_t at = guess + step < names->count ? guess + step : guess + step - names->count;
        if (names->held[at].key == key) {
            return at;
        }
    }
    return names->count;
}

/* Remember the names of a dictionary for the first time; returns 0, or -1 with an exception set. */
int
names_take(Names *names, PyObject *dict, bool of_modules)
{
    PyObject *key, *value;
    *names = (Names){0};
    if (make_room(names, (size_t)PyDict_GET_SIZE(dict)) < 0) {
        return -1;
    }
    names->version = version_of(dict);
    for (Py_ssize_t at = 0; next_name(dict, &at, &key, &value);) {
        if (PyUnicode_CheckExact(key)) {
            append(names, mark_of_key(key), mark_of(value, of_modules), value);
        }
    }
    return 0;
}

/* Compare one name, and take it from what was; returns 0, or -1 with an exception set. */
static int
compare_name(Names *was, size_t at, uint32_t mark, PyObject *key, PyObject *value, OnChange on_change, void *context)
{
    uint32_t before = at < was->count ? was->held[at].value : 0;
    if (at < was->count) {
        was->held[at].value = 0;
    }
    if (!before || before == mark) {
        return 0;
    }
    return on_change(context, key, value, was->kept ? was->kept[at] : NULL);
}

/* What is gone is remembered, or whoever takes a name away first could put anything there afterwards. */
static void
remember_gone(Names *now, const Names *was)
{
    for (size_t at = 0; at < was->count; at++) {
        if (was->held[at].value) {
            append(now, was->held[at].key, was->held[at].value, was->kept ? was->kept[at] : NULL);
        }
    }
}

/* See whether names have only been added since, behind those that were there, and take them along; say whether that is so.
 * Where it isn't, `same` are as they were, at the beginning, and what is added by then is found there again. */
static bool
take_added(Names *names, PyObject *dict, bool of_modules, size_t *same)
{
    PyObject *key, *value;
    size_t reached = 0;
    for (Py_ssize_t at = 0; next_name(dict, &at, &key, &value); *same = ++reached) {
        if (!PyUnicode_CheckExact(key)) {
            return false;
        }
        Held now = {mark_of_key(key), mark_of(value, of_modules)};
        if (reached == names->count) {
            if (names->count == names->room && make_more_room(names) < 0) {
                return false;
            }
            append(names, now.key, now.value, value);
        }
        else if (names->held[reached].key != now.key || names->held[reached].value != now.value) {
            return false;
        }
    }
    return reached == names->count;
}

/* Tell of each name that leads to something else than it did, and remember how it is now. Returns 0, or -1 with an exception
 * set. */
int
names_compare(Names *names, PyObject *dict, bool of_modules, PyObject *waste, OnChange on_change, void *context)
{
    Names now = {0};
    PyObject *key, *value;
    size_t guess = 0, same = 0;
    if (take_added(names, dict, of_modules, &same)) {
        names->version = version_of(dict);
        return 0;
    }
    int result = make_room(&now, (size_t)PyDict_GET_SIZE(dict) + names->count);
    if (result < 0) {
        return -1;
    }
    now.version = version_of(dict);
    for (Py_ssize_t at = 0; result == 0 && next_name(dict, &at, &key, &value);) {
        if (!PyUnicode_CheckExact(key)) {
            continue;
        }
        if (now.count < same) {
            Held *before = &names->held[guess++];
            append(&now, before->key, before->value, value);
            before->value = 0;
            continue;
        }
        uint32_t mark = mark_of(value, of_modules);
        size_t found = find(names, mark_of_key(key), guess);
        guess = found < names->count ? found + 1 : guess;
        result = compare_name(names, found, mark, key, value, on_change, context);
        append(&now, mark_of_key(key), mark, value);
    }
    if (!of_modules) {
        remember_gone(&now, names);
    }
    names_drop(names, waste);
    *names = now;
    return result;
}
