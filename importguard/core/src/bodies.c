/* Where the body of a module begins and ends: what it has changed of others by then is found by comparison, since no event
 * tells of it. No twin: the core in Python sees no such changes. */
#include "judge.h"
#include "methods.h"
#include "snapshots.h"

/* The body that this thread executes. The standard library's count as part of whoever imports them. */
static _Thread_local Body running = {NOBODY, NULL};
static bool has_begun;

/* Say whether it is the import system that executes code: exec(code, namespace). */
static bool
is_body(const Call *call)
{
    Cursor cursor;
    if (call->size != 2 || !PyCode_Check(call->args[0]) || !PyDict_CheckExact(call->args[1])
        || PyThreadState_GetInterpreter(PyThreadState_Get()) != core.interpreter) {
        return false;
    }
    cursor_start(&cursor, NULL);
    bool result = cursor.code == pinned.call_removed;
    cursor_end(&cursor);
    return result;
}

/* Return whose code it is. */
static OwnerId
owner_of_code(PyObject *code)
{
    Tag tag = tag_get((PyCodeObject *)code);
    if (tag == NO_TAG) {
        return OWNER_STDLIB; /* frozen into the interpreter */
    }
    if (place_at(tag)->meaning == UNRESOLVED && place_at(tag)->path) {
        place_resolve(place_at(tag));
    }
    const Place *place = place_at(tag);
    switch (place->meaning) {
    case STDLIB:
    case GUARD:
        return OWNER_STDLIB;
    case MAIN:
    case APPLICATION:
        return OWNER_APP;
    default:
        return place->number;
    }
}

/* Put back what was changed; returns 0, or -1 with an exception set. */
static int
undo(const Change *change)
{
    if (!change->old) {
        return 0;
    }
    if (PyType_Check(change->holder)) {
        return PyType_Type.tp_setattro(change->holder, change->key, change->old);
    }
    PyObject *dict = PyModule_Check(change->holder) ? PyModule_GetDict(change->holder) : change->holder;
    return PyDict_SetItem(dict, change->key, change->old);
}

static int
judge_change(const Change *change, const Body *author)
{
    Asked asked = {.capability = RUNTIME_PATCH};
    PyObject *name = interned_in(author->globals, interned.__name__);
    Blame blame = {.owner = author->owner, .phase = blame_is_starting() ? PHASE_STARTUP : PHASE_IMPORT};
    if (asked_take(&asked, Py_NewRef(change->target)) < 0) {
        asked_clear(&asked, 1);
        return -1;
    }
    blame.module = name && PyUnicode_CheckExact(name) ? Py_NewRef(name) : NULL;
    int result = judge_done(&asked, &blame);
    if (result == 1) {
        result = report_patch(&asked, &blame, owner_text(change->victim));
    }
    blame_end(&blame);
    asked_clear(&asked, 1);
    return result;
}

/* What has changed since is nobody's doing: the guard has put it back. */
static int
take_note(void)
{
    Changes changes = {0};
    int result = snapshots_compare(NOBODY, &changes);
    changes_drop(&changes);
    return result;
}

/* Judge what has changed, and put back what is refused; the first of it is what the importer hears of. Returns 0, or -1 with an
 * exception set. */
static int
judge_changes(const Changes *changes, const Body *author)
{
    PyObject *first[3] = {NULL, NULL, NULL};
    for (size_t at = 0; at < changes->count; at++) {
        PyObject *raised[3];
        if (judge_change(&changes->all[at], author) == 0) {
            continue;
        }
        without_our_frames();
        PyErr_Fetch(&raised[0], &raised[1], &raised[2]);
        if (undo(&changes->all[at]) < 0) {
            PyErr_WriteUnraisable(changes->all[at].holder);
        }
        bool is_first = !first[0];
        for (int part = 0; part < 3; part++) {
            if (is_first) {
                first[part] = raised[part];
            }
            else {
                Py_XDECREF(raised[part]);
            }
        }
    }
    if (first[0] && take_note() < 0) {
        PyErr_Clear();
    }
    PyErr_Restore(first[0], first[1], first[2]);
    return first[0] ? -1 : 0;
}

/* Find what a body has changed of others; what the application or nobody did is only taken note of. */
static int
settle(const Body *author)
{
    bool is_anybodys = author->owner != NOBODY && author->owner != OWNER_APP;
    Changes changes = {0};
    int result = snapshots_compare(is_anybodys ? author->owner : NOBODY, &changes);
    if (result == 0 && changes.count) {
        result = judge_changes(&changes, author);
    }
    changes_drop(&changes);
    return result;
}

/* The first body begins that isn't the standard library's: until then there's nobody whose changes matter. */
static int
start(void)
{
    has_begun = true;
    return snapshots_watch_library();
}

/* Tell the supervisor whose body it is. */
static void
show(Call *call, OwnerId owner)
{
    if (!board_is_shared || owner == OWNER_STDLIB) {
        return;
    }
    PyObject *name = interned_in(call->args[1], interned.__name__);
    bool is_app = owner_text(owner).kind == KIND_APP;
    call->is_shown = true;
    board_enter(&call->before, is_app ? BOARD_RUN : board_phase(), owner, name && PyUnicode_CheckExact(name) ? name : NULL);
}

/* A body begins. What the one around it has changed until now is its doing, and not the new one's. */
static int
begin(Call *call, const char *Py_UNUSED(name))
{
    if (!is_body(call)) {
        return 0;
    }
    call->is_body = true;
    call->outer = running;
    Py_XINCREF(running.globals);
    OwnerId owner = owner_of_code(call->args[0]);
    if (!has_begun && owner != OWNER_STDLIB && start() < 0) {
        return -1;
    }
    show(call, owner);
    int result = 0;
    if (owner != OWNER_STDLIB && owner != running.owner) {
        result = settle(&running);
        Py_XDECREF(running.globals);
        running = (Body){owner, Py_NewRef(call->args[1])};
    }
    if (result == 0) {
        imported_begin(call);
    }
    return result;
}

/* Compare a module from now on. */
static int
watch(const Call *call)
{
    PyObject *name = interned_in(call->args[1], interned.__name__);
    PyObject *module = name && PyUnicode_CheckExact(name) ? PyDict_GetItemWithError(PyImport_GetModuleDict(), name) : NULL;
    if (!module || !PyModule_Check(module) || PyModule_GetDict(module) != call->args[1]) {
        return PyErr_Occurred() ? -1 : 0;
    }
    return snapshots_watch(module, name, owner_of_code(call->args[0]));
}

static int
end_body(const Call *call)
{
    Body ended = running;
    running = call->outer;
    int result = ended.owner == running.owner || settle(&ended) == 0 ? 0 : -1;
    if (result == 0 && has_begun) {
        result = watch(call);
    }
    Py_XDECREF(ended.globals);
    return result;
}

/* A body has ended, by an exception or not. */
static PyObject *
end(Call *call, PyObject *result)
{
    PyObject *type, *error, *traceback;
    if (!call->is_body) {
        return result;
    }
    PyErr_Fetch(&type, &error, &traceback);
    if (call->is_shown) {
        board_leave(&call->before);
    }
    if (call->began) {
        imported_end(call, owner_text(owner_of_code(call->args[0])));
    }
    if (end_body(call) < 0) {
        Py_CLEAR(result);
    }
    if (type) {
        PyErr_Restore(type, error, traceback); /* the body's own, in place of ours */
    }
    return result;
}

const Method methods_of_bodies[] = {
    {"builtins", NULL, "exec", begin, end},
    {NULL, NULL, NULL, NULL, NULL},
};
