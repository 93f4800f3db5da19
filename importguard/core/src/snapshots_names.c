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

/* Forget the copies of a dictionary's entries but the first so many. */
static void
drop_copies(Names *names, Py_ssize_t but)
{
    while (names->copied > but) {
        Py_XDECREF(names->copies[--names->copied].me_key);
    }
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
    drop_copies(names, 0);
    PyMem_Free(names->copies);
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

/* Have room for so many names; returns 0, or -1 where there is none to be had. */
static int
have_room(Names *names, size_t room)
{
    if (room <= names->room) {
        return 0;
    }
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

/* Return the entries of a dictionary with nothing but texts for keys, in one table; NULL of another. */
static PyDictUnicodeEntry *
entries_of(PyObject *dict)
{
    PyDictKeysObject *keys = ((PyDictObject *)dict)->ma_keys;
    return ((PyDictObject *)dict)->ma_values || !DK_IS_UNICODE(keys) ? NULL : DK_UNICODE_ENTRIES(keys);
}

/* Drop the copies that a dictionary's entries are not the same as any more, and all behind them; return how many names are in what is
 * left. A key is kept alive, so that no other text can lie in its place. */
static size_t
keep_same_copies(Names *names, PyObject *dict)
{
    const PyDictUnicodeEntry *entries = names->copied ? entries_of(dict) : NULL;
    Py_ssize_t size = entries ? ((PyDictObject *)dict)->ma_keys->dk_nentries : 0, at = 0;
    size_t live = 0;
    for (; at < size && at < names->copied && names->copies[at].me_key == entries[at].me_key
           && names->copies[at].me_value == entries[at].me_value; at++) {
        live += entries[at].me_value != NULL;
    }
    drop_copies(names, at);
    return live;
}

/* Copy the entries that came in addition; nothing is lost where there is no memory for it. */
static void
copy_entries(Names *names, PyObject *dict)
{
    const PyDictUnicodeEntry *entries = entries_of(dict);
    Py_ssize_t size = entries ? ((PyDictObject *)dict)->ma_keys->dk_nentries : 0;
    PyDictUnicodeEntry *moved = size ? PyMem_Realloc(names->copies, (size_t)size * sizeof *moved) : NULL;
    names->copies = moved ? moved : names->copies;
    for (; moved && names->copied < size; names->copied++) {
        moved[names->copied] = entries[names->copied];
        Py_XINCREF(moved[names->copied].me_key);
    }
}

/* How far names are as they were: so many, behind which the dictionary goes on at a place of its own. */
typedef struct {
    size_t same;
    Py_ssize_t at;
} Reached;

/* See whether names have only been added since, behind those that were there, and take them along; say whether that is so. Where it isn't,
 * what is `reached` is as it was. */
static bool
take_added(Names *names, PyObject *dict, bool of_modules, Reached *reached)
{
    PyObject *key, *value;
    reached->same = keep_same_copies(names, dict);
    reached->at = names->copied;
    for (Py_ssize_t at = reached->at; next_name(dict, &at, &key, &value); reached->same++, reached->at = at) {
        if (!PyUnicode_CheckExact(key)) {
            return false;
        }
        Held now = {mark_of_key(key), mark_of(value, of_modules)};
        if (reached->same == names->count) {
            if (names->count == names->room && have_room(names, names->room * 2 + 16) < 0) {
                return false;
            }
            append(names, now.key, now.value, value);
        }
        else if (names->held[reached->same].key != now.key || names->held[reached->same].value != now.value) {
            return false;
        }
    }
    return reached->same == names->count;
}

/* Move the names behind the first so many to `rest`, and have room for all that a dictionary holds and for them; returns 0, or -1 with an
 * exception set. */
static int
cut_off(Names *names, size_t same, PyObject *dict, Names *rest)
{
    size_t size = names->count - same;
    if (make_room(rest, size) < 0) {
        return -1;
    }
    if (have_room(names, same + (size_t)PyDict_GET_SIZE(dict) + size) < 0) {
        PyMem_Free(rest->held);
        PyMem_Free(rest->kept);
        PyErr_NoMemory();
        return -1;
    }
    memcpy(rest->held, names->held + same, size * sizeof *rest->held);
    if (names->kept) {
        memcpy(rest->kept, names->kept + same, size * sizeof *rest->kept);
    }
    rest->count = size;
    names->count = same;
    return 0;
}

/* Compare the names behind those that are as they were; returns 0, or -1 with an exception set. */
static int
compare_rest(Names *names, PyObject *dict, bool of_modules, Reached reached, PyObject *waste, OnChange on_change, void *context)
{
    Names was = {0};
    PyObject *key, *value;
    size_t guess = 0;
    int result = cut_off(names, reached.same, dict, &was);
    if (result < 0) {
        return -1;
    }
    for (Py_ssize_t at = reached.at; result == 0 && next_name(dict, &at, &key, &value);) {
        if (!PyUnicode_CheckExact(key)) {
            continue;
        }
        uint32_t mark = mark_of(value, of_modules);
        size_t found = find(&was, mark_of_key(key), guess);
        guess = found < was.count ? found + 1 : guess;
        result = compare_name(&was, found, mark, key, value, on_change, context);
        append(names, mark_of_key(key), mark, value);
    }
    if (!of_modules) {
        remember_gone(names, &was);
    }
    names_drop(&was, waste);
    return result;
}

/* Tell of each name that leads to something else than it did, and remember how it is now. Returns 0, or -1 with an exception
 * set. */
int
names_compare(Names *names, PyObject *dict, bool of_modules, PyObject *waste, OnChange on_change, void *context)
{
    Reached reached;
    int result = 0;
    if (!take_added(names, dict, of_modules, &reached)) {
        result = compare_rest(names, dict, of_modules, reached, waste, on_change, context);
    }
    names->version = result == 0 ? version_of(dict) : names->version;
    if (of_modules) {
        copy_entries(names, dict);
    }
    return result;
}
