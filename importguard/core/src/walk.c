/* From a frame outwards by the tags of the code that runs: who is there, and where the walk ends.
 * Twin: Walker.walk_by_globals in blame.py, which goes by the names that code may give itself. */
#include "carrier.h"

#include <string.h>

typedef struct {
    PyObject *owners;   /* list, innermost first, each once */
    PyObject *globals;  /* of the last frame that somebody owns */
    PyObject *detail;   /* what belongs to the end */
    int end;            /* -1 while the walk goes on */
} Walk;

static int
stop(Walk *walk, int end, PyObject *detail)
{
    walk->end = end;
    Py_XSETREF(walk->detail, Py_XNewRef(detail));
    return 0;
}

static int
add_owner(Walk *walk, PyObject *owner)
{
    Py_ssize_t size = PyList_GET_SIZE(walk->owners);
    for (Py_ssize_t at = 0; at < size; at++) {
        if (PyList_GET_ITEM(walk->owners, at) == owner) {
            return 0;
        }
    }
    return PyList_Append(walk->owners, owner);
}

static int
add(Walk *walk, const Cursor *cursor, PyObject *owner)
{
    Py_XSETREF(walk->globals, cursor_globals(cursor));
    return add_owner(walk, owner);
}

/* Code that was there before the guard, in a process that was armed late: its globals are all that is left to ask. */
static int
enter_untagged(Walk *walk, const Cursor *cursor)
{
    if (core.adopt == Py_None) {
        return add(walk, cursor, place_at(TAG_OF(UNOWNED_PLACE))->owner);
    }
    PyObject *globals = cursor_globals(cursor);
    PyObject *owner = globals ? PyObject_CallOneArg(core.adopt, globals) : NULL;
    Py_XDECREF(globals);
    if (!owner) {
        return -1;
    }
    int result = owner == Py_None ? 0 : add(walk, cursor, owner);
    Py_DECREF(owner);
    return result;
}

/* The walk has come to deferred work: it goes on with whoever arranged that, and not with what called or interrupts it.
 *
 * Somebody who calls by himself what another one has arranged is still asked for, and the application doesn't answer. */
static int
follow_errand(Walk *walk, const Errand *errand)
{
    const Origin *origin = errand->origin;
    if (!errand->is_direct || PyUnicode_CompareWithASCIIString(origin->phase, "run") != 0) {
        return stop(walk, CARRIED, (PyObject *)origin);
    }
    for (Py_ssize_t at = 0; at < origin->others; at++) {
        if (add_owner(walk, PyTuple_GET_ITEM(origin->chain, at)) < 0) {
            return -1;
        }
    }
    return 0;
}

static int
enter(Walk *walk, const Cursor *cursor)
{
    Tag tag = tag_get(cursor->code);
    if (tag == NO_TAG) {
        return enter_untagged(walk, cursor);
    }
    const Place *place = place_at(tag);
    switch (place->meaning) {
    case STDLIB:
    case GUARD:
    case CARRIER:
        return 0;
    case STARTUP_FILE:
        return stop(walk, STARTUP_LINE, place->path);
    case MAIN:
    case APPLICATION:
        stop(walk, END, NULL);
        return add(walk, cursor, place->owner);
    case OWNED:
    case RUNNER:
        return add(walk, cursor, place->owner);
    case UNRESOLVED:
        break;
    }
    return add(walk, cursor, place_at(TAG_OF(UNOWNED_PLACE))->owner);
}

static bool
is_import(const PyCodeObject *code)
{
    return code == pinned.load_unlocked || code == pinned.exec_body;
}

static int
step(Walk *walk, const Cursor *cursor)
{
    if (!is_import(cursor->code)) {
        return enter(walk, cursor);
    }
    return PyList_GET_SIZE(walk->owners) > 0 ? stop(walk, BODY, walk->globals) : 0;
}

/* Walk from where a cursor stands; without a cursor, from no frame at all. */
static int
walk_from(Walk *walk, Cursor *cursor)
{
    const Errand *newest = errands(), *errand;
    int result = 0;
    for (; result == 0 && walk->end < 0 && cursor && cursor->code; cursor_back(cursor)) {
        errand = newest ? errand_above(newest, cursor_identity(cursor)) : NULL;
        result = errand ? follow_errand(walk, errand) : 0;
        if (result == 0 && walk->end < 0) {
            result = step(walk, cursor);
        }
    }
    errand = newest && walk->end < 0 ? errand_above(newest, NULL) : NULL;
    return result == 0 && errand ? follow_errand(walk, errand) : result;
}

static PyObject *
report(Cursor *cursor)
{
    Walk walk = {PyList_New(0), NULL, NULL, -1};
    PyObject *result = NULL;
    if (walk.owners && walk_from(&walk, cursor) == 0) {
        result = Py_BuildValue("OiO", walk.owners, walk.end < 0 ? END : walk.end, walk.detail ? walk.detail : Py_None);
    }
    Py_XDECREF(walk.owners);
    Py_XDECREF(walk.globals);
    Py_XDECREF(walk.detail);
    return result;
}

/* Return (owners, end, detail) for the innermost frame, as `walk` does; NULL with an exception set. */
PyObject *
walk_here(void)
{
    Cursor cursor;
    cursor_start(&cursor, NULL);
    PyObject *result = report(&cursor);
    cursor_end(&cursor);
    return result;
}

/* walk(frame or None) -> (owners, end, detail): see blame.py for what becomes of them. */
PyObject *
walk(PyObject *Py_UNUSED(module), PyObject *frame)
{
    Cursor cursor;
    if (frame == Py_None) {
        return report(NULL);
    }
    if (!PyFrame_Check(frame)) {
        PyErr_SetString(PyExc_TypeError, "a frame or None");
        return NULL;
    }
    cursor_start(&cursor, (PyFrameObject *)frame);
    PyObject *result = report(&cursor);
    cursor_end(&cursor);
    return result;
}

/* owner_at(frame) -> the Owner of the code that runs there, None where nobody can be named. */
PyObject *
owner_at(PyObject *Py_UNUSED(module), PyObject *frame)
{
    if (!PyFrame_Check(frame)) {
        PyErr_SetString(PyExc_TypeError, "a frame");
        return NULL;
    }
    PyCodeObject *code = PyFrame_GetCode((PyFrameObject *)frame);
    const Place *place = place_at(tag_get(code));
    Py_DECREF(code);
    bool is_library = place->meaning == STDLIB || place->meaning == GUARD || place->meaning == CARRIER;
    PyObject *owner = is_library ? core.library : place->owner;
    return Py_NewRef(owner ? owner : Py_None);
}

/* Say whether deferred work was called from a frame: what runs above it is that, and not what the frame does. */
static bool
is_errand(const Cursor *cursor)
{
    return errands() && errand_above(errands(), cursor_identity(cursor));
}

static bool
is_import_system(const Cursor *cursor)
{
    PyObject *globals = cursor_globals(cursor);
    bool result = globals == pinned.import_globals[0] || globals == pinned.import_globals[1];
    Py_XDECREF(globals);
    return result && place_at(tag_get(cursor->code))->meaning == STDLIB;
}

/* Twin: Inside.is_own. What runs in a busy thread is the guard's only if the guard's code does it, or imports it. */
static bool
is_own_from(PyFrameObject *frame)
{
    Cursor cursor;
    cursor_start(&cursor, frame);
    while (cursor.code && !is_errand(&cursor) && is_import_system(&cursor)) {
        cursor_back(&cursor);
    }
    bool result = cursor.code && !is_errand(&cursor) && place_at(tag_get(cursor.code))->meaning == GUARD;
    cursor_end(&cursor);
    return result;
}

bool
guard_is_running(void)
{
    return is_own_from(NULL);
}

PyObject *
is_own(PyObject *Py_UNUSED(module), PyObject *frame)
{
    return PyBool_FromLong(PyFrame_Check(frame) && is_own_from((PyFrameObject *)frame));
}

static bool
is_body(const PyCodeObject *code)
{
    return PyUnicode_CompareWithASCIIString(code->co_name, "<module>") == 0;
}

/* Return the tag for code that is being made now: that of the innermost code that made it, `unowned` when it is lost.
 *
 * The standard library makes code for its callers. What it makes while one of its own modules is executed is its own.
 * `skip_runners`: go past those who run other people's code, and through the imports that they do. */
Tag
maker_of_code(bool skip_runners)
{
    Tag result = NO_TAG;
    bool in_library_body = false;
    Cursor cursor;
    for (cursor_start(&cursor, NULL); result == NO_TAG && cursor.code; cursor_back(&cursor)) {
        Tag tag = tag_get(cursor.code);
        Meaning meaning = place_at(tag)->meaning;
        if (is_errand(&cursor)) {
            result = TAG_OF(UNOWNED_PLACE); /* made for whoever arranged it, who isn't here */
        }
        else if (is_import(cursor.code)) {
            if (!skip_runners) {
                result = TAG_OF(in_library_body ? STDLIB_PLACE : UNOWNED_PLACE);
            }
        }
        else if (meaning == STDLIB) {
            in_library_body = in_library_body || is_body(cursor.code);
        }
        else if (meaning == CARRIER || tag == NO_TAG) {
            result = TAG_OF(UNOWNED_PLACE);
        }
        else if (meaning != GUARD && !(skip_runners && meaning == RUNNER)) {
            result = tag;
        }
    }
    cursor_end(&cursor);
    return (result == NO_TAG ? TAG_OF(UNOWNED_PLACE) : result) | MADE;
}
