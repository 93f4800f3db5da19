/* Greenlets: work with a chain of frames of its own, which ends where a thread's would, though it was begun in the midst of something. It
 * goes on with whoever has made the greenlet. No twin. */
#include "builtins.h"
#include "carrier.h"
#include "methods.h"

#include <string.h>

/* Where greenlet 1 to 3 keep their type, and what says which one runs, in what they offer to C (greenlet.h). */
enum { TYPE = 0, GET_CURRENT = 4, MOST_TYPES = 4 };
static PyObject *(*get_current)(void);
static getter get_parent;

/* The types that greenlets are made of: a class in Python makes its own by what its base has. */
static struct {
    PyTypeObject *type;
    newfunc real;
} types[MOST_TYPES];
static int type_count;

/* Who has made which greenlet, where it wasn't the application: open addressing by the object's address. An entry is renewed when another
 * greenlet is made at its address, and has no origin where that is the application's. */
static struct {
    Errand *all;
    size_t room, used;
} made;
bool greenlets_are_made;
static bool any_is_made;

static Errand *
entry_at(const void *root)
{
    size_t at = ((uintptr_t)root >> 4) & (made.room - 1);
    while (made.all[at].below && made.all[at].below != root) {
        at = (at + 1) & (made.room - 1);
    }
    return &made.all[at];
}

/* Have room for one more; returns 0, or -1 with an exception set. */
static int
make_room(void)
{
    if (made.used * 2 < made.room) {
        return 0;
    }
    Errand *before = made.all;
    size_t room = made.room, larger = room ? room * 2 : 64;
    Errand *all = PyMem_RawCalloc(larger, sizeof *all);
    if (!all) {
        PyErr_NoMemory();
        return -1;
    }
    made.all = all;
    made.room = larger;
    for (size_t at = 0; at < room; at++) {
        if (before[at].below) {
            *entry_at(before[at].below) = before[at];
        }
    }
    PyMem_RawFree(before);
    return 0;
}

/* Note who has made a greenlet, which it takes over: NULL for the application. Returns 0, or -1 with an exception set. */
static int
note(const void *root, Origin *origin)
{
    any_is_made = true;
    if (!greenlets_are_made && !origin) {
        return 0;
    }
    if (make_room() < 0) {
        Py_XDECREF(origin);
        return -1;
    }
    Errand *entry = entry_at(root);
    made.used += !entry->below;
    entry->below = root;
    Origin *before = entry->origin;
    entry->origin = origin;
    greenlets_are_made = true;
    Py_XDECREF(before);
    return 0;
}

static newfunc
real_new_of(const PyTypeObject *type)
{
    for (; type; type = type->tp_base) {
        for (int at = 0; at < type_count; at++) {
            if (types[at].type == type) {
                return types[at].real;
            }
        }
    }
    return types[0].real;
}

static PyObject *
new_greenlet(PyTypeObject *type, PyObject *args, PyObject *names)
{
    PyObject *greenlet = real_new_of(type)(type, args, names);
    Origin *origin = NULL;
    if (greenlet && (capture_origin(&origin) < 0 || note(greenlet, origin) < 0)) {
        Py_CLEAR(greenlet);
    }
    return greenlet;
}

/* Return the greenlet that runs, as an identity; NULL for a thread's own, which has no parent. Others that have nobody any more may end
 * meanwhile, by Python code of anybody's. */
const void *
greenlet_here(void)
{
    if (!any_is_made) {
        return NULL;
    }
    PyObject *type, *error, *traceback;
    PyErr_Fetch(&type, &error, &traceback);
    PyObject *greenlet = get_current(), *parent = greenlet ? get_parent(greenlet, NULL) : NULL;
    const void *root = parent && parent != Py_None ? greenlet : NULL;
    Py_XDECREF(parent);
    Py_XDECREF(greenlet); /* it runs, and so it stays */
    PyErr_Restore(type, error, traceback);
    return root;
}

/* Say whether code is what the greenlet of an event loop runs, which runs what everybody arranges: whoever waits first has it made. */
static bool
is_of_a_loop(PyCodeObject *code)
{
    const Place *place = code ? place_at(tag_get(code)) : NULL;
    if (!place || place->meaning != OWNED || !owner_is_a_loop(place->number)) {
        return false;
    }
    PyObject *name = code->co_qualname;
    return PyUnicode_CompareWithASCIIString(name, "Hub.run") == 0 || PyUnicode_CompareWithASCIIString(name, "BaseHub.run") == 0;
}

/* Return what stands for the making of a greenlet whose outermost frame has this code (NULL: it has none); NULL where that was the
 * application's, or nobody's. */
const Errand *
greenlet_errand(const void *root, PyCodeObject *outermost)
{
    const Errand *entry = root && made.room ? entry_at(root) : NULL;
    return entry && entry->origin && !is_of_a_loop(outermost) ? entry : NULL;
}

/* Say whether a distribution is one whose loop runs greenlets for others. */
bool
owner_is_a_loop(OwnerId owner)
{
    OwnerText text = owner_text(owner);
    return text.kind == KIND_DISTRIBUTION && (text_is(text.name, "gevent") || text_is(text.name, "eventlet"));
}

static getter
getter_of(const PyTypeObject *type, const char *name)
{
    const PyGetSetDef *entry = type->tp_getset;
    while (entry && entry->name && strcmp(entry->name, name) != 0) {
        entry++;
    }
    return entry && entry->name ? entry->get : NULL;
}

/* Have classes that were made before, in a process that was armed late, make theirs as their base does. */
static int
watch_classes_of(PyTypeObject *type, newfunc real)
{
    PyObject *classes = PyObject_CallMethod((PyObject *)&PyType_Type, "__subclasses__", "O", type);
    int result = classes ? 0 : -1;
    for (Py_ssize_t at = 0; result == 0 && at < PyList_GET_SIZE(classes); at++) {
        PyTypeObject *each = (PyTypeObject *)PyList_GET_ITEM(classes, at);
        if (each->tp_new == real) {
            each->tp_new = new_greenlet;
            result = watch_classes_of(each, real);
        }
    }
    Py_XDECREF(classes);
    return result;
}

static int
watch_type(PyTypeObject *type)
{
    newfunc real = type->tp_new;
    if (real == new_greenlet || type_count == MOST_TYPES) {
        return 0;
    }
    types[type_count].type = type;
    types[type_count++].real = real;
    type->tp_new = new_greenlet;
    return watch_classes_of(type, real);
}

/* Watch the module that greenlets come from; returns 0, or -1 with an exception set. */
int
greenlets_watch(PyObject *module)
{
    PyObject *capsule, *other;
    if (entry_of(PyModule_GetDict(module), "_C_API", &capsule) < 0 || entry_of(PyModule_GetDict(module), "UnswitchableGreenlet", &other) < 0) {
        return -1;
    }
    void **offered = capsule && PyCapsule_CheckExact(capsule) ? PyCapsule_GetPointer(capsule, "greenlet._C_API") : NULL;
    if (!offered || type_count) {
        PyErr_Clear(); /* not executed yet, or seen before */
        return 0;
    }
    PyTypeObject *type = offered[TYPE];
    get_parent = getter_of(type, "parent");
    get_current = (PyObject * (*)(void)) offered[GET_CURRENT];
    if (!get_parent || !get_current) {
        PyErr_SetString(PyExc_RuntimeError, "importguard: greenlets can't be watched");
        return -1;
    }
    bool has_other = other && PyType_Check(other) && PyType_IsSubtype((PyTypeObject *)other, type);
    return watch_type(type) == 0 && (!has_other || watch_type((PyTypeObject *)other) == 0) ? 0 : -1;
}
