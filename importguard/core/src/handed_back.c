/* Functions that a builtin has handed back in the place of what stood for them: who saves a handler and puts it back later puts back whose
 * it was. No twin. */
#include "carrier.h"

/* A function, by a weak reference where it can have one, and where its work comes from. */
typedef struct {
    PyObject *function;
    bool is_weak;
    Origin *origin;
} HandedBack;

/* Of functions that can have no weak reference so many are kept alive; what stands for one more is handed back itself. */
enum { MOST_KEPT = 32, NOTED = 0, HAS_NO_ROOM };

static HandedBack *all;
static Py_ssize_t count, room, kept;

/* Return the function, borrowed; NULL where it is gone. */
static PyObject *
function_of(const HandedBack *one)
{
    PyObject *function = one->is_weak ? ((PyWeakReference *)one->function)->wr_object : one->function;
    return function == Py_None || Py_REFCNT(function) <= 0 ? NULL : function;
}

/* Return where a function is among them, or -1. */
static Py_ssize_t
find(PyObject *function)
{
    Py_ssize_t at = count;
    while (at-- > 0 && function_of(&all[at]) != function) {
    }
    return at;
}

/* Forget those that are gone. */
static void
sweep(void)
{
    for (Py_ssize_t at = count; at-- > 0;) {
        if (!function_of(&all[at])) {
            HandedBack gone = all[at];
            all[at] = all[--count];
            kept -= !gone.is_weak;
            Py_DECREF(gone.function);
            Py_DECREF(gone.origin);
        }
    }
}

static int
make_room(void)
{
    if (count < room) {
        return 0;
    }
    HandedBack *moved = PyMem_Realloc(all, (size_t)(room * 2 + 8) * sizeof *moved);
    if (!moved) {
        PyErr_NoMemory();
        return -1;
    }
    all = moved;
    room = room * 2 + 8;
    return 0;
}

/* Remember a function that is handed back; returns NOTED, HAS_NO_ROOM, or -1 with an exception set. */
static int
note(PyObject *function, Origin *origin)
{
    PyObject *reference = PyWeakref_NewRef(function, NULL);
    PyErr_Clear(); /* it can have none */
    sweep();
    Py_ssize_t at = find(function);
    if (at >= 0) {
        Py_XDECREF(reference);
        Py_XSETREF(all[at].origin, (Origin *)Py_NewRef(origin));
        return NOTED;
    }
    if (!reference && kept == MOST_KEPT) {
        return HAS_NO_ROOM;
    }
    if (make_room() < 0) {
        Py_XDECREF(reference);
        return -1;
    }
    kept += !reference;
    all[count++] = (HandedBack){reference ? reference : Py_NewRef(function), reference != NULL, (Origin *)Py_NewRef(origin)};
    return NOTED;
}

/* Return the function that was given in the place of the Carried that a builtin gives back, as a rule; takes over `result`, and returns a new
 * reference, NULL with an exception set. */
PyObject *
without_carried(PyObject *result)
{
    if (!result || !is_carried(result)) {
        return result;
    }
    Origin *origin = carried_origin(result);
    PyObject *function = carried_function(result);
    int noted = origin && !origin_is_the_application(origin) ? note(function, origin) : NOTED;
    if (noted == HAS_NO_ROOM) {
        return result;
    }
    function = noted == NOTED ? Py_NewRef(function) : NULL;
    Py_DECREF(result);
    return function;
}

/* Return where the work of a function that was handed back comes from, borrowed; NULL of any other. */
Origin *
handed_back_origin(PyObject *function)
{
    Py_ssize_t at = count ? find(function) : -1;
    return at < 0 ? NULL : all[at].origin;
}
