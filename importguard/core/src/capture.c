/* On whose behalf something is being arranged, and whether that must be carried. Twin: Deferral in wraps/deferred.py.
 *
 * What the application arranges needs nothing carried, and costs a look at the first frames that somebody owns. */
#include "carrier.h"

#include <stddef.h>
#include <string.h>

enum { REMEMBERED = 64 };

/* Walks that ended the same way come from the same origin. */
static struct {
    OwnerId owners[MOST_OWNERS];
    int count, end;
    const Source *source; /* of the origin that the walk came to */
    Origin *came_to;      /* holds it */
    bool is_main;
    Origin *origin;
} memory[REMEMBERED];
static size_t next_memory;

static bool is_carrying;
/* A thread or an exit function of a package runs what others arrange, too: from then on the application says whose it is. */
static bool has_foreign_roots;

/* Say whether the innermost code that somebody owns is the application's, or nobody's at all; `innermost` becomes the frame, NULL where
 * that could be taken for another one later. */
static OFTEN bool
is_arranged_by_the_application(const void **innermost)
{
    const Errand *newest = errands(), *errand = NULL;
    PyCodeObject *outermost = NULL;
    Cursor cursor;
    Meaning meaning = STDLIB;
    bool is_tagged = true;
    cursor_start(&cursor, NULL);
    *innermost = cursor.is_public ? NULL : cursor.inner;
    for (; cursor.code && is_tagged && (meaning == STDLIB || meaning == GUARD); cursor_back(&cursor)) {
        if (newest && (errand = errand_above(newest, cursor_identity(&cursor)))) {
            break;
        }
        outermost = cursor.code;
        Tag tag = tag_get(outermost);
        is_tagged = tag != NO_TAG;
        meaning = place_at(tag)->meaning;
    }
    bool is_at_root = !cursor.code && is_tagged && (meaning == STDLIB || meaning == GUARD);
    if (is_at_root && (newest || greenlets_are_made)) {
        errand = errand_at_root(outermost);
    }
    cursor_end(&cursor);
    if (errand) {
        return origin_is_the_application(errand->origin) && !errand->is_direct;
    }
    return is_tagged && ((is_at_root && !is_end_of_threading(outermost)) || meaning == MAIN || meaning == APPLICATION);
}

/* The last time that it was the application, by the number of the answer. */
static struct {
    const PyThreadState *thread;
    const void *frame;
    uint64_t number;
} latest;
uint64_t capture_answers;

/* Say whether what is done now is done by the application, in a process that is its own; costs a look at a few frames. */
OFTEN bool
capture_is_the_application(void)
{
    const void *innermost;
    if (!process.is_app || process.is_starting || !is_arranged_by_the_application(&innermost)) {
        return false;
    }
    latest.thread = PyThreadState_Get();
    latest.frame = innermost;
    latest.number = ++capture_answers;
    return true;
}

/* Say the same to a builtin that has been under way since an answer of that number: the frame that called it is still there, and so is
 * all that lies outwards of it. */
OFTEN bool
capture_was_the_application(uint64_t since)
{
    if (latest.number <= since || latest.thread != PyThreadState_Get() || !latest.frame) {
        return capture_is_the_application();
    }
    Cursor cursor;
    cursor_start(&cursor, NULL);
    bool is_same = latest.frame == cursor.inner;
    cursor_end(&cursor);
    return is_same || capture_is_the_application();
}

/* Say whether a function is the application's own code: that answers for itself, whoever hands it over. */
static bool
answers_for_itself(PyObject *function)
{
    if (PyMethod_Check(function)) {
        function = PyMethod_GET_FUNCTION(function);
    }
    if (!PyFunction_Check(function)) {
        return false;
    }
    Meaning meaning = place_at(tag_get((PyCodeObject *)PyFunction_GET_CODE(function)))->meaning;
    return meaning == MAIN || meaning == APPLICATION;
}

static bool
is_same(const OwnerId *left, int count, const OwnerId *right, int other)
{
    return count == other && memcmp(left, right, (size_t)count * sizeof *left) == 0;
}

/* Return a new reference to the origin of a walk that was seen before, or NULL without an exception. */
static Origin *
remembered(const Walked *walked, bool is_main)
{
    for (size_t at = 0; at < REMEMBERED && memory[at].origin; at++) {
        if (memory[at].end == walked->end && memory[at].source == walked->source && memory[at].is_main == is_main
            && is_same(memory[at].owners, memory[at].count, walked->owners, walked->count)) {
            return (Origin *)Py_NewRef(memory[at].origin);
        }
    }
    return NULL;
}

static bool
is_equal(const Source *left, const Source *right)
{
    bool has_module = left->module && right->module;
    return left->phase == right->phase && is_same(left->owners, left->count, right->owners, right->count)
           && (has_module ? PyUnicode_Compare(left->module, right->module) == 0 : left->module == right->module);
}

/* Return the origin that is equal and was there before, so that work which arranges work comes back to the same ones. */
static Origin *
shared(Origin *origin)
{
    for (size_t at = 0; origin && at < REMEMBERED && memory[at].origin; at++) {
        if (is_equal(&memory[at].origin->source, &origin->source)) {
            Py_DECREF(origin);
            return (Origin *)Py_NewRef(memory[at].origin);
        }
    }
    return origin;
}

/* `walked` is as the walk left it, before its chain got its end. */
static void
remember(const Walked *walked, bool is_main, Origin *came_to, Origin *origin)
{
    size_t at = next_memory++ % REMEMBERED;
    memcpy(memory[at].owners, walked->owners, sizeof memory[at].owners);
    memory[at].count = walked->count;
    memory[at].end = walked->end;
    memory[at].source = walked->source;
    memory[at].is_main = is_main;
    Py_XSETREF(memory[at].came_to, (Origin *)Py_XNewRef(came_to));
    Py_XSETREF(memory[at].origin, (Origin *)Py_NewRef(origin));
}

/* Each owner once, where it is met first: work that arranges work would else grow its chain with each turn. */
static void
each_once(Source *source, const Walked *walked)
{
    source->count = 0;
    for (int at = 0; at < walked->count; at++) {
        int seen = 0;
        while (seen < source->count && source->owners[seen] != walked->owners[at]) {
            seen++;
        }
        if (seen == source->count) {
            source->owners[source->count++] = walked->owners[at];
        }
    }
}

/* What may be remembered: before the program starts the same frames mean something else, and modules come and go. */
static bool
is_lasting(int end, const Origin *origin)
{
    return end == CARRIED || (end == END && origin->source.phase == PHASE_RUN);
}

static Origin *
conclude_origin(const Walked *found, bool is_main)
{
    Walked walked = *found;
    Source source;
    Blame blame;
    conclude(&process, is_main, &walked, &blame);
    each_once(&source, &walked);
    source.phase = blame.phase;
    source.module = blame.module; /* which it takes over */
    return shared(origin_new(&source));
}

/* Return a new reference to the origin of what runs now, or NULL with an exception set. */
static Origin *
trace(void)
{
    Walked walked;
    bool is_main = PyThreadState_Get() == core.main_thread;
    if (walk_here(&walked) < 0) {
        return NULL;
    }
    Origin *origin = walked.lent ? NULL : remembered(&walked, is_main);
    if (!origin && (origin = conclude_origin(&walked, is_main)) && !walked.lent && is_lasting(walked.end, origin)) {
        Origin *came_to = walked.source ? (Origin *)(void *)((char *)walked.source - offsetof(Origin, source)) : NULL;
        remember(&walked, is_main, came_to, origin);
    }
    Py_XDECREF(walked.detail);
    return origin;
}

/* Whose work somebody else has carried stays theirs, but what is the application's is not lent to those who find it. */
static PyObject *
carry_again(PyObject *carried, Origin *origin, bool interrupts)
{
    const Origin *before = carried_origin(carried);
    if (origin_is_the_application(origin) || (before && !origin_is_the_application(before))) {
        return Py_NewRef(carried);
    }
    return carried_new(origin, carried_function(carried), interrupts);
}

/* Return what the application puts off as it is; a handler must be known for one, as it may interrupt the guard, and a thread
 * where there is a supervisor, which takes one that it doesn't know for the work of whoever is being imported. */
static PyObject *
plain(PyObject *function, Manner manner)
{
    bool is_known = manner == HANDLING || (manner == THREAD && board_is_shared);
    return is_known && !is_carried(function) ? carried_new(NULL, function, manner == HANDLING) : Py_NewRef(function);
}

static PyObject *
carry_for(Origin *origin, PyObject *function, Manner manner)
{
    bool interrupts = manner == AT_FORK || manner == HANDLING || manner == CALLED_BACK;
    if (is_carried(function)) {
        return carry_again(function, origin, interrupts);
    }
    if (!origin_is_the_application(origin)) {
        has_foreign_roots = has_foreign_roots || manner == ROOT || manner == THREAD;
    }
    else if (!has_foreign_roots) {
        return plain(function, manner);
    }
    return carried_new(origin, function, interrupts);
}

/* Return a new reference to `function`, or to one that carries its origin where that must be known later: what can't be called yet may be by
 * then. NULL with an exception set where it can't be told. */
PyObject *
carry(PyObject *function, Manner manner)
{
    bool is_here = core.armed && is_carrying && PyThreadState_GetInterpreter(PyThreadState_Get()) == core.interpreter;
    if (!is_here || function == Py_None) {
        return Py_NewRef(function);
    }
    const void *innermost;
    Origin *before = manner == HANDLING || manner == CALLED_BACK ? handed_back_origin(function) : NULL;
    if (answers_for_itself(function) || (!has_foreign_roots && is_arranged_by_the_application(&innermost))) {
        return before ? carried_new(before, function, true) : plain(function, manner);
    }
    Origin *origin = trace();
    if (origin && before && origin_is_the_application(origin)) {
        Py_SETREF(origin, (Origin *)Py_NewRef(before));
    }
    PyObject *result = origin ? carry_for(origin, function, manner) : NULL;
    Py_XDECREF(origin);
    return result;
}

/* The same for those who look whether it can be called: they still refuse what can't. */
PyObject *
carry_callable(PyObject *function, Manner manner)
{
    return PyCallable_Check(function) ? carry(function, manner) : Py_NewRef(function);
}

/* Say whether an origin is the application's by way of event loops that have made a greenlet for it, as for a thread of its own. */
static bool
is_for_the_application(const Origin *origin)
{
    int at = 0;
    while (at < origin->others && owner_is_a_loop(origin->source.owners[at])) {
        at++;
    }
    return origin_is_the_application(origin) || (origin->source.phase == PHASE_RUN && at == origin->others && at < origin->source.count);
}

/* Find out on whose behalf a greenlet is made: `origin` becomes a new reference, or NULL for the application. Returns 0, or -1 with an exception
 * set where it can't be told. */
int
capture_origin(Origin **origin)
{
    const void *innermost;
    *origin = NULL;
    bool is_here = core.armed && is_carrying && PyThreadState_GetInterpreter(PyThreadState_Get()) == core.interpreter;
    if (!is_here || is_arranged_by_the_application(&innermost)) {
        return 0;
    }
    Origin *found = trace();
    if (found && is_for_the_application(found)) {
        Py_CLEAR(found);
        return 0;
    }
    has_foreign_roots = has_foreign_roots || found;
    *origin = found;
    return found ? 0 : -1;
}

/* From now on what is arranged carries where it comes from. */
void
capture_start(void)
{
    is_carrying = true;
}
