/* The audit hook. Twin: the function `hook` in pycore.py. */
#include "board.h"
#include "carrier.h"
#include "judge.h"
#include "methods.h"
#include "owners.h"
#include "question.h"
#include "timed.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#if PY_VERSION_HEX < 0x030D0000
#define thread_state _PyThreadState_UncheckedGet
#define is_finalizing _Py_IsFinalizing
#else
#define thread_state PyThreadState_GetUnchecked
#define is_finalizing Py_IsFinalizing
#endif

Core core SEALED_IN_PLACE;
_Static_assert(sizeof core % SEALED_PAGE == 0, "nothing else lies in the page of what is sealed");
static bool has_answered;

/* Raise a PermissionError with EACCES and a text, whose reference it takes; returns -1. */
int
deny(PyObject *text)
{
    PyObject *error = text ? PyObject_CallFunction(PyExc_PermissionError, "iO", EACCES, text) : NULL;
    if (error) {
        PyErr_SetObject(PyExc_PermissionError, error);
    }
    Py_XDECREF(text);
    Py_XDECREF(error);
    return -1;
}

/* Raise that nobody can judge; returns -1. */
int
refuse(const char *event)
{
    return deny(PyUnicode_FromFormat(
        "importguard IG203: nobody can judge '%s' here (a sub-interpreter, or an interpreter that ends)", event));
}

static bool
is_python_file(PyObject *path)
{
    static const char *const suffixes[] = {".py", ".pyc", ".so", ".pth", "/pyvenv.cfg"};
    for (size_t at = 0; PyUnicode_CheckExact(path) && at < Py_ARRAY_LENGTH(suffixes); at++) {
        PyObject *suffix = PyUnicode_FromString(suffixes[at]);
        Py_ssize_t found = suffix ? PyUnicode_Tailmatch(path, suffix, 0, PyUnicode_GET_LENGTH(path), 1) : 0;
        Py_XDECREF(suffix);
        if (found == 1) {
            return true;
        }
    }
    PyErr_Clear();
    return false;
}

/* An `open` that an interpreter can't do without: Python's own kind of file, for reading, or a descriptor. */
static bool
is_reading_code(PyObject *args)
{
    if (PyTuple_GET_SIZE(args) != 3 || !PyLong_CheckExact(PyTuple_GET_ITEM(args, 2))) {
        return false;
    }
    if (PyLong_CheckExact(PyTuple_GET_ITEM(args, 0))) {
        return true; /* it is open already */
    }
    long flags = PyLong_AsLong(PyTuple_GET_ITEM(args, 2));
    PyErr_Clear();
    return flags >= 0 && !(flags & (O_WRONLY | O_RDWR | O_CREAT | O_TRUNC | O_APPEND))
           && is_python_file(PyTuple_GET_ITEM(args, 0));
}

/* Modules that start programs or call anything, and raise no event when they do. */
static bool
is_silent_module(PyObject *args)
{
    static const char *const names[] = {"_posixsubprocess", "_ctypes", "_tkinter"};
    PyObject *name = PyTuple_GET_SIZE(args) == 5 ? PyTuple_GET_ITEM(args, 0) : NULL;
    for (size_t at = 0; name && PyUnicode_CheckExact(name) && at < Py_ARRAY_LENGTH(names); at++) {
        if (PyUnicode_CompareWithASCIIString(name, names[at]) == 0) {
            return true;
        }
    }
    return false;
}

/* Where Python can't be asked, what changes or reaches anything is refused, and so is reading what is no code. */
static int
answer_unasked(const Event *found, const char *event, PyObject *args)
{
    /* A canary with an argument asks whether this interpreter is guarded from outside. */
    bool is_question = found->role == CANARY && PyTuple_GET_SIZE(args) > 0;
    if (!core.enforcing && !is_question) {
        return 0;
    }
    if (found->role == CANARY || (found->role == IMPORT && is_silent_module(args))) {
        return refuse(event);
    }
    if (found->role != READ) {
        return 0;
    }
    if (strcmp(event, "open") == 0 ? is_reading_code(args) : !reader_acts(found->reader)) {
        return 0;
    }
    return refuse(event);
}

/* Say whether two requests are for the same; -1 with an exception set. */
static int
is_same(const Asked *asked, const Asked *other)
{
    if (asked->capability != other->capability || !asked->argv != !other->argv) {
        return 0;
    }
    int same = PyObject_RichCompareBool(asked->target, other->target, Py_EQ);
    return same == 1 && asked->argv ? PyObject_RichCompareBool(asked->argv, other->argv, Py_EQ) : same;
}

/* Somebody was asked, and has allowed it. It may be something else by now: other threads have run, which can change a list or
 * a link. Returns 0 where it is the same, or -1 with an exception set. */
static int
read_again(const Reader *reader, PyObject *args, const Asked *before, int count)
{
    Asked now[MOST_ASKED] = {{0}};
    int found = 0;
    paths_forget();
    int same = readers_read(reader, args, now, &found) < 0 ? -1 : found == count;
    for (int at = 0; same == 1 && at < count; at++) {
        same = is_same(&now[at], &before[at]);
    }
    asked_clear(now, found);
    if (same == 0) {
        return deny(PyUnicode_FromString("importguard IG201: denied, what was asked for has changed since it was allowed"));
    }
    return same < 0 ? -1 : 0;
}

/* Say whether more hangs on a reading than the right to read: whose module it becomes, or whether `site` runs a start-up file. */
static bool
is_followed(void)
{
    return contents_are_read() || (core.refuses_startup_files && execution_site_reads());
}

/* Say whether nothing of what an event asks can be refused here, so that its arguments needn't be followed: it is the application
 * that asks, no rule is about that, and no lock says anything of it. What is written is noted whoever does it. */
static OFTEN bool
is_free(const Reader *reader, PyObject *args)
{
    const uint32_t light = 1u << NET_CONNECT | 1u << NET_LISTEN | 1u << NET_RESOLVE | 1u << FS_LIST | 1u << FS_READ;
    uint32_t asks = reader_asks(reader, args);
    return !(asks & ~light) && !table_may_refuse_app(core.table, asks) && !core.candidate
           && !(asks & 1u << FS_READ && is_followed()) && capture_is_the_application()
           && !(asks & 1u << FS_READ && hearsay_is_heard());
}

/* Judge each thing that an event asks for; returns 0, or -1 with an exception set. */
static int
read_and_judge(const Reader *reader, PyObject *args)
{
    Asked asked[MOST_ASKED] = {{0}};
    unsigned granted = question_granted();
    int count = 0, result = readers_read(reader, args, asked, &count);
    for (int at = 0; result == 0 && at < count; at++) {
        Blame blame;
        result = judge(&asked[at], AUDIT_DOOR, &blame);
        blame_end(&blame);
    }
    if (result == 0 && granted != question_granted()) {
        result = read_again(reader, args, asked, count);
    }
    asked_clear(asked, count);
    return result;
}

/* Say whether the hook still hears, by a way that leads around it. Where it doesn't, nothing is judged any more: in mode
 * `enforce` the process ends. */
bool
heartbeat(void)
{
    static bool is_silent;
    has_answered = false;
    if (PySys_Audit("importguard.canary", NULL) < 0) {
        PyErr_Clear(); /* by a hook that comes later; what counts is whether ours was asked */
    }
    if (has_answered || is_silent || is_finalizing()) {
        return has_answered;
    }
    is_silent = true;
    PyObject *args = Py_BuildValue("(sss)", "runtime.patch", "audit hook", "the audit hook is gone");
    PyObject *answer = args ? attend(core.tampered, args) : NULL;
    Py_XDECREF(answer);
    Py_XDECREF(args);
    PyErr_Clear();
    if (core.enforcing) {
        _exit(KILLED);
    }
    return false;
}

/* Whoever reads the traceback looks for their own frames, not for ours. */
int
without_our_frames(void)
{
    if (!PyErr_Occurred()) {
        PyErr_NoMemory(); /* nothing else refuses without a word */
    }
#if PY_VERSION_HEX >= 0x030C0000
    PyObject *error = PyErr_GetRaisedException();
    PyException_SetTraceback(error, Py_None);
    PyException_SetContext(error, NULL);
    PyErr_SetRaisedException(error);
#else
    PyObject *type, *error, *traceback;
    PyErr_Fetch(&type, &error, &traceback);
    PyErr_NormalizeException(&type, &error, &traceback);
    PyException_SetTraceback(error, Py_None);
    PyException_SetContext(error, NULL);
    Py_XDECREF(traceback);
    PyErr_Restore(type, error, NULL);
#endif
    return -1;
}

/* The event comes before any finder is asked: the guard's stands first again by then. */
static int
watch_path(PyObject *meta_path)
{
    if (meta_path == Py_None) { /* the event of an extension module's file names no path */
        meta_path = _PySys_GetAttr(PyThreadState_Get(), interned.meta_path);
    }
    if (meta_path == Py_None) {
        return 0; /* nothing is found any more: so it is while the interpreter ends */
    }
    if (meta_path && PyList_CheckExact(meta_path) && PyList_GET_SIZE(meta_path) > 0
        && PyList_GET_ITEM(meta_path, 0) == core.finder) {
        return 0;
    }
    PyObject *nothing = PyTuple_New(0), *answer = nothing ? attend(core.on_path, nothing) : NULL;
    Py_XDECREF(answer);
    Py_XDECREF(nothing);
    return answer ? 0 : -1;
}

/* import(name, file, sys.path, sys.meta_path, sys.path_hooks); the file is that of an extension module. */
static int
on_import(PyObject *args)
{
    if (PyTuple_GET_SIZE(args) != 5) {
        return 0;
    }
    if (watch_path(PyTuple_GET_ITEM(args, 3)) < 0) {
        return -1;
    }
    PyObject *file = PyTuple_GET_ITEM(args, 1);
    if (PyUnicode_CheckExact(file)) {
        board_name_file(PyTuple_GET_ITEM(args, 0), file);
    }
    if (!PyUnicode_CheckExact(file)) {
        return 0;
    }
    if (!table_watches_any(core.table, NATIVE_LOAD)) {
        return making_has_file(PyTuple_GET_ITEM(args, 0), file);
    }
    Asked asked = {.capability = NATIVE_LOAD};
    Blame blame = {.phase = NOBODY_ASKED};
    int result = locate_text(file, WORKING_FOLDER, &asked);
    result = result < 0 ? result : judge(&asked, AUDIT_DOOR, &blame);
    blame_end(&blame);
    asked_clear(&asked, 1);
    return result < 0 ? result : making_has_file(PyTuple_GET_ITEM(args, 0), file);
}

/* Tags come first, whoever is at work. */
static OFTEN int
follow_code(const Event *found, PyObject *args)
{
    switch (found->role) {
    case EXEC:
        return execution_on_exec(args);
    case NEW_FUNCTION:
        return execution_on_function(args);
    case SET_ATTRIBUTE:
        return execution_on_set_attribute(args);
    default:
        return 0;
    }
}

static OFTEN int
hear(const char *event, PyObject *args)
{
    const Event *found = events_find(event);
    if (!found || !core.armed) {
        return 0;
    }
    PyThreadState *thread = thread_state();
    if (!thread) {
        return 0;
    }
    if (PyThreadState_GetInterpreter(thread) != core.interpreter) {
        return answer_unasked(found, event, args);
    }
    if (follow_code(found, args) < 0) {
        return -1;
    }
    if (found->role == CANARY) {
        has_answered = true;
        return 0;
    }
    if (found->role == PROGRAM) {
        return program_starts(event, args);
    }
    if (found->role != IMPORT && !found->reader) {
        return 0;
    }
    if (busy_here() && guard_is_running()) {
        return 0;
    }
    if (found->role != IMPORT && is_free(found->reader, args)) {
        return 0;
    }
    int result = found->role == IMPORT ? on_import(args) : read_and_judge(found->reader, args);
    return result < 0 ? without_our_frames() : 0;
}

OFTEN int
hook(const char *event, PyObject *args, void *Py_UNUSED(data))
{
    int result = TIMED(timed_hook, hear(event, args));
    if (board_is_shared) {
        board_hear(event, result == 0);
    }
    return result;
}
