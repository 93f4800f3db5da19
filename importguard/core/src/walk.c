/* From a frame outwards by the tags of the code that runs: who is there, and where the walk ends.
 * Twin: Walker.walk_by_globals in blame.py, which goes by the names that code may give itself. */
#include "ccore.h"

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
add(Walk *walk, const Cursor *cursor, PyObject *owner)
{
    Py_ssize_t size = PyList_GET_SIZE(walk->owners);
    Py_XSETREF(walk->globals, cursor_globals(cursor));
    for (Py_ssize_t at = 0; at < size; at++) {
        if (PyList_GET_ITEM(walk->owners, at) == owner) {
            return 0;
        }
    }
    return PyList_Append(walk->owners, owner);
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

static int
enter_carrier(Walk *walk, const Cursor *cursor)
{
    PyObject *origin = cursor_local(cursor, "origin");
    if (origin && (PyObject *)Py_TYPE(origin) == core.origin_type) {
        stop(walk, CARRIED, origin);
    }
    Py_XDECREF(origin);
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
        return 0;
    case CARRIER:
        return enter_carrier(walk, cursor);
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
walk_from(Walk *walk, PyFrameObject *frame)
{
    Cursor cursor;
    int result = 0;
    for (cursor_start(&cursor, frame); result == 0 && walk->end < 0 && cursor.code; cursor_back(&cursor)) {
        if (!is_import(cursor.code)) {
            result = enter(walk, &cursor);
        }
        else if (PyList_GET_SIZE(walk->owners) > 0) {
            stop(walk, BODY, walk->globals);
        }
    }
    cursor_end(&cursor);
    return result;
}

/* walk(frame or None) -> (owners, end, detail): see blame.py for what becomes of them. */
PyObject *
walk(PyObject *Py_UNUSED(module), PyObject *frame)
{
    Walk walk = {PyList_New(0), NULL, NULL, -1};
    PyObject *result = NULL;
    if (frame != Py_None && !PyFrame_Check(frame)) {
        PyErr_SetString(PyExc_TypeError, "a frame or None");
    }
    else if (walk.owners && (frame == Py_None || walk_from(&walk, (PyFrameObject *)frame) == 0)) {
        result = Py_BuildValue("OiO", walk.owners, walk.end < 0 ? END : walk.end, walk.detail ? walk.detail : Py_None);
    }
    Py_XDECREF(walk.owners);
    Py_XDECREF(walk.globals);
    Py_XDECREF(walk.detail);
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
    while (cursor.code && is_import_system(&cursor)) {
        cursor_back(&cursor);
    }
    bool result = cursor.code && place_at(tag_get(cursor.code))->meaning == GUARD;
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
        if (is_import(cursor.code)) {
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
