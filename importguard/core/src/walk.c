/* From a frame outwards by the tags of the code that runs: who is there, and where the walk ends.
 * Twin: Walker.walk_by_globals in blame.py, which goes by the names that code may give itself. */
#include "blame.h"
#include "carrier.h"
#include "judge.h"
#include "snapshots.h"

#include <string.h>

static int
stop(Walked *walked, int end, PyObject *detail)
{
    walked->end = end;
    Py_XSETREF(walked->detail, Py_XNewRef(detail));
    return 0;
}

static void
add_owner(Walked *walked, OwnerId owner)
{
    for (int at = 0; at < walked->count; at++) {
        if (walked->owners[at] == owner) {
            return;
        }
    }
    if (walked->count < MOST_OWNERS) {
        walked->owners[walked->count++] = owner;
    }
}

/* Add an owner, and remember the globals of the last frame that somebody owns. */
static int
add(Walked *walked, const Cursor *cursor, OwnerId owner)
{
    Py_XSETREF(walked->detail, cursor_globals(cursor));
    add_owner(walked, owner);
    return 0;
}

/* The walk has come to deferred work: it goes on with whoever arranged that, and not with what called or interrupts it.
 *
 * Somebody who calls by himself what another one has arranged is asked for himself. */
static int
follow_errand(Walked *walked, const Errand *errand)
{
    if (errand->is_direct && !walked->lent) {
        walked->lent = &errand->origin->source;
        return 0;
    }
    walked->source = &errand->origin->source;
    return stop(walked, CARRIED, NULL);
}

/* Code that was there before the guard, in a process that was armed late: its globals are all that is left to ask. */
static int
enter_untagged(Walked *walked, const Cursor *cursor)
{
    if (core.adopt == Py_None) {
        return add(walked, cursor, OWNER_UNOWNED);
    }
    PyObject *globals = cursor_globals(cursor);
    PyObject *args = globals ? PyTuple_Pack(1, globals) : NULL, *owner = args ? attend(core.adopt, args) : NULL;
    Py_XDECREF(args);
    Py_XDECREF(globals);
    if (!owner) {
        return -1;
    }
    OwnerId number = owner == Py_None ? OWNER_STDLIB : owner_of_object(&process_identity, owner);
    Py_DECREF(owner);
    if (number == OWNER_STDLIB) {
        return 0;
    }
    add(walked, cursor, number);
    return owner_text(number).kind == KIND_APP ? stop(walked, END, NULL) : 0;
}

static int
enter(Walked *walked, const Cursor *cursor)
{
    Tag tag = tag_get(cursor->code);
    if (tag == NO_TAG) {
        return enter_untagged(walked, cursor);
    }
    const Place *place = place_at(tag);
    switch (place->meaning) {
    case STDLIB:
    case GUARD:
        return 0;
    case STARTUP_FILE:
        return stop(walked, STARTUP_LINE, place->path);
    case MAIN:
    case APPLICATION:
        add(walked, cursor, place->number);
        return stop(walked, END, NULL);
    case OWNED:
    case RUNNER:
        return add(walked, cursor, place->number);
    case UNRESOLVED:
        break;
    }
    return add(walked, cursor, OWNER_UNOWNED);
}

static bool
is_import(const PyCodeObject *code)
{
    return code == pinned.load_unlocked || code == pinned.exec_body;
}

/* Say whether code calls itself the body of a module. */
static bool
is_body(const PyCodeObject *code)
{
    PyObject *name = code->co_name;
    return PyUnicode_GET_LENGTH(name) == 8 && PyUnicode_CompareWithASCIIString(name, "<module>") == 0;
}

static bool
is_a_distributions(const PyCodeObject *code)
{
    const Place *place = code ? place_at(tag_get((PyCodeObject *)code)) : NULL;
    return place && (place->meaning == OWNED || place->meaning == RUNNER) && owner_text(place->number).kind == KIND_DISTRIBUTION;
}

/* A loader executes a body, and it isn't an import that has it do so: `exec_module` called by hand, or a lazy module's first use.
 * That is a boundary as well, unless the innermost who isn't the standard library runs other people's scripts: by trade
 * (migrations, tests), or as the program whose command the user typed. Twin: Walker._is_script. */
static void
settle_by_hand(Walked *walked, const Cursor *cursor, bool *by_hand)
{
    const Place *place = place_at(tag_get(cursor->code));
    if (place->meaning == STDLIB || place->meaning == GUARD) {
        return;
    }
    *by_hand = false;
    bool is_program = place->meaning == OWNED && text_same(owner_text(place->number).name, blame_program());
    if (place->meaning != RUNNER && !is_program) {
        walked->end = BODY; /* its detail are the globals of the body */
    }
}

static int
step(Walked *walked, const Cursor *cursor)
{
    if (!is_import(cursor->code)) {
        return enter(walked, cursor);
    }
    if (walked->count > 0) {
        walked->end = BODY; /* its detail are the globals of the body */
    }
    return 0;
}

/* Say whether code is threading's own end: what it calls was left with it, and nobody who did so is there. */
OFTEN bool
is_end_of_threading(const PyCodeObject *code)
{
    const Place *place = code ? place_at(tag_get((PyCodeObject *)code)) : NULL;
    return place && place->meaning == STDLIB && PyUnicode_CompareWithASCIIString(code->co_name, "_shutdown") == 0;
}

/* Say whether a frame has the import system do something, other than to ask finders: what runs above it, and isn't the library's, is part of
 * an import, a module's `__getattr__` that `from` asks for a name as well. */
static bool
is_importing(const Cursor *cursor)
{
    return cursor->code == pinned.find_and_load || cursor_imports(cursor);
}

static bool
is_somebodys(const PyCodeObject *code)
{
    Tag tag = tag_get((PyCodeObject *)code);
    Meaning meaning = place_at(tag)->meaning;
    return tag != NO_TAG && meaning != STDLIB && meaning != GUARD;
}

/* `beneath` is the code that was passed last, `executed` what the import system executes in the frame before. */
static int
walk_from(Walked *walked, Cursor *cursor)
{
    const Errand *newest = errands(), *errand;
    PyCodeObject *beneath = NULL, *executed = NULL;
    bool by_hand = false, is_finding = false;
    int result = 0;
    for (; result == 0 && walked->end == GOES_ON && cursor->code; cursor_back(cursor)) {
        errand = newest ? errand_above(newest, cursor_identity(cursor)) : NULL;
        if (by_hand && errand) {
            break;
        }
        if (by_hand) {
            settle_by_hand(walked, cursor, &by_hand);
        }
        if (walked->end == GOES_ON) {
            result = errand ? follow_errand(walked, errand) : 0;
        }
        is_finding = is_finding || cursor->code == pinned.find_spec;
        if (result == 0 && walked->end == GOES_ON && walked->count > 0 && !is_finding && is_importing(cursor)) {
            walked->end = BODY; /* its detail are the globals of whoever was asked last */
        }
        if (result == 0 && walked->end == GOES_ON) {
            by_hand = by_hand || (cursor->code == pinned.exec_module && is_a_distributions(executed));
            result = step(walked, cursor);
        }
        is_finding = is_finding && !is_somebodys(cursor->code); /* who had finders asked may himself be called by an import */
        executed = cursor->code == pinned.call_removed ? beneath : NULL;
        beneath = cursor->code;
    }
    if (by_hand && walked->end == GOES_ON) {
        walked->end = BODY;
    }
    errand = (newest || greenlets_are_made) && walked->end == GOES_ON ? errand_at_root(beneath) : NULL;
    if (!errand && walked->end == GOES_ON && walked->count == 0 && is_end_of_threading(beneath)) {
        add_owner(walked, OWNER_UNOWNED);
    }
    return result == 0 && errand ? follow_errand(walked, errand) : result;
}

/* Walk from the innermost frame outwards; returns 0, or -1 with an exception set. */
int
walk_here(Walked *walked)
{
    walked->count = 0;
    walked->end = GOES_ON;
    walked->detail = NULL;
    walked->source = walked->lent = NULL;
    Cursor cursor;
    cursor_start(&cursor, NULL);
    int result = walk_from(walked, &cursor);
    cursor_end(&cursor);
    if (result < 0) {
        Py_CLEAR(walked->detail);
    }
    else if (walked->end == GOES_ON) {
        stop(walked, END, NULL);
    }
    return result;
}

/* Return whose the innermost code is, the standard library's passed over; NOBODY where a tag alone doesn't tell a distribution. */
OwnerId
walk_innermost(void)
{
    Cursor cursor;
    Meaning meaning = STDLIB;
    OwnerId owner = NOBODY;
    cursor_start(&cursor, NULL);
    for (; cursor.code && (meaning == STDLIB || meaning == GUARD); cursor_back(&cursor)) {
        Tag tag = tag_get(cursor.code);
        const Place *place = place_at(tag);
        meaning = tag == NO_TAG ? UNRESOLVED : place->meaning;
        owner = meaning == OWNED || meaning == RUNNER ? place->number : NOBODY;
    }
    cursor_end(&cursor);
    return owner;
}

/* owner_at(frame) -> (name, version, kind) of the owner of the code that runs there, None where nobody can be named. */
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
    /* A line of a start-up file runs within `site`; the record names the file as its module. */
    bool is_library = place->meaning == STDLIB || place->meaning == GUARD || place->meaning == STARTUP_FILE;
    if (place->meaning == UNRESOLVED) {
        Py_RETURN_NONE;
    }
    return Py_XNewRef(owner_object(is_library ? OWNER_STDLIB : place->meaning == MAIN ? OWNER_APP : place->number));
}

bool
is_import_system(const Cursor *cursor)
{
    PyObject *globals = cursor_globals(cursor);
    bool result = globals == pinned.import_globals[0] || globals == pinned.import_globals[1];
    Py_XDECREF(globals);
    return result && place_at(tag_get(cursor->code))->meaning == STDLIB;
}

/* Say whether deferred work was called from a frame: what runs above it is that, and not what the frame does. */
static bool
is_errand(const Cursor *cursor)
{
    const Errand *errand = errands() ? errand_above(errands(), cursor_identity(cursor)) : NULL;
    return errand && !errand->is_native;
}

static bool
is_the_guards(const Cursor *cursor)
{
    return cursor->code && place_at(tag_get(cursor->code))->meaning == GUARD;
}

/* Twin: Inside.is_own. What runs in a busy thread is the guard's only if nothing but the guard's code has run since it
 * began to be at work: a finalizer, a signal handler, or a function that somebody has put in the place of one of the
 * guard's may have come in between, and have the guard's code do something for it. */
static bool
is_own_from(PyFrameObject *frame)
{
    Cursor cursor;
    const void *since = busy_since();
    bool result = false;
    cursor_start(&cursor, frame);
    while (cursor.code && cursor_identity(&cursor) != since && !is_errand(&cursor) && (is_the_guards(&cursor) || is_import_system(&cursor))) {
        result = result || is_the_guards(&cursor);
        cursor_back(&cursor);
    }
    bool has_come_back = cursor.code ? cursor_identity(&cursor) == since : since == NULL;
    /* The guard's own frame may be the one in which it began. */
    result = has_come_back && (result || is_the_guards(&cursor));
    cursor_end(&cursor);
    return result;
}

OFTEN bool
guard_is_running(void)
{
    return is_own_from(NULL);
}

PyObject *
is_own(PyObject *Py_UNUSED(module), PyObject *frame)
{
    return PyBool_FromLong(PyFrame_Check(frame) && is_own_from((PyFrameObject *)frame));
}

/* Code that deferred work makes is made for whoever arranged that, who isn't here: it is nobody's, but where those who run
 * other people's code (a notebook's kernel in its loop) have arranged it for the application. */
static Tag
maker_by_origin(const Origin *origin, bool skip_runners)
{
    const Source *source = &origin->source;
    int at = 0;
    while (at < source->count && owner_runs_others(source->owners[at])) {
        at++;
    }
    bool is_for_the_application = skip_runners && source->phase == PHASE_RUN && at < source->count
                                  && owner_text(source->owners[at]).kind == KIND_APP;
    return TAG_OF(is_for_the_application ? MAIN_PLACE : UNOWNED_PLACE);
}

/* Return the tag of code that a body of the standard library has made, NO_TAG where that can't be told yet: it is the library's own if the
 * application imports it. Somebody else may have put a function of his own making in the place of one that the body calls. */
static Tag
maker_in_library(Tag tag, Meaning meaning)
{
    if (meaning == STDLIB || meaning == GUARD || meaning == RUNNER) {
        return NO_TAG;
    }
    return tag == NO_TAG || meaning == MAIN || meaning == APPLICATION ? TAG_OF(STDLIB_PLACE) : tag;
}

/* Return the tag for code that is being made now: that of the innermost code that made it, `unowned` when it is lost.
 *
 * The standard library makes code for its callers. What it makes while one of its own modules is executed is its own, or whoever's
 * imports that.
 * `skip_runners`: go past those who run other people's code, and through the imports that they do. */
Tag
maker_of_code(bool skip_runners)
{
    Tag result = NO_TAG;
    bool in_library_body = false, is_librarys = false;
    Cursor cursor;
    for (cursor_start(&cursor, NULL); result == NO_TAG && cursor.code; cursor_back(&cursor)) {
        Tag tag = tag_get(cursor.code);
        Meaning meaning = place_at(tag)->meaning;
        const Errand *errand = errands() ? errand_above(errands(), cursor_identity(&cursor)) : NULL;
        if (errand && !errand->is_native && !errand->is_direct) {
            const Origin *origin = errand->origin;
            bool is_applications = is_librarys && origin_is_the_application(origin);
            result = is_applications ? TAG_OF(STDLIB_PLACE) : maker_by_origin(origin, skip_runners);
        }
        else if (is_import(cursor.code)) {
            is_librarys = is_librarys || (in_library_body && !skip_runners);
            result = is_librarys || skip_runners ? NO_TAG : TAG_OF(UNOWNED_PLACE);
        }
        else if (is_librarys) {
            result = maker_in_library(tag, meaning);
        }
        else if (meaning == STDLIB) {
            in_library_body = in_library_body || is_body(cursor.code);
        }
        else if (tag == NO_TAG) {
            result = TAG_OF(UNOWNED_PLACE);
        }
        else if (meaning != GUARD && !(skip_runners && meaning == RUNNER)) {
            result = tag;
        }
    }
    cursor_end(&cursor);
    Tag lost = is_librarys ? TAG_OF(STDLIB_PLACE) : TAG_OF(UNOWNED_PLACE);
    return (result == NO_TAG ? lost : result) | MADE;
}
