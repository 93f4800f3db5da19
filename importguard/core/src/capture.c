/* On whose behalf something is being arranged, and whether that must be carried. Twin: Deferral in wraps/deferred.py.
 *
 * What the application arranges needs nothing carried, and costs a look at the first frames that somebody owns. */
#include "carrier.h"

enum { REMEMBERED = 64 };

/* Walks that ended the same way come from the same origin. */
static struct {
    PyObject *owners; /* list */
    PyObject *detail; /* None, or the Origin that the walk came to */
    int end;
    bool is_main;
    Origin *origin;
} memory[REMEMBERED];
static size_t next_memory;

static PyObject *concludes;
/* A thread or an exit function of a package runs what others arrange, too: from then on the application says whose it is. */
static bool has_foreign_roots;

/* Take the function that makes an Origin of how a walk ends; returns 0, or -1 with an exception set. */
int
capture_start(PyObject *conclude)
{
    if (concludes) {
        PyErr_SetString(PyExc_RuntimeError, "importguard: deferred work is carried already");
        return -1;
    }
    concludes = Py_NewRef(conclude);
    return 0;
}

/* Say whether the innermost code that somebody owns is the application's, or nobody's at all. */
static bool
is_arranged_by_the_application(void)
{
    const Errand *newest = errands(), *errand = NULL;
    Cursor cursor;
    Meaning meaning = STDLIB;
    bool is_tagged = true;
    cursor_start(&cursor, NULL);
    for (; cursor.code && is_tagged && (meaning == STDLIB || meaning == GUARD); cursor_back(&cursor)) {
        if (newest && (errand = errand_above(newest, cursor_identity(&cursor)))) {
            break;
        }
        Tag tag = tag_get(cursor.code);
        is_tagged = tag != NO_TAG;
        meaning = place_at(tag)->meaning;
    }
    bool is_at_root = !cursor.code && is_tagged && (meaning == STDLIB || meaning == GUARD);
    if (is_at_root && newest) {
        errand = errand_above(newest, NULL);
    }
    cursor_end(&cursor);
    if (errand) {
        return origin_is_the_application(errand->origin) && !errand->is_direct;
    }
    return is_tagged && (is_at_root || meaning == MAIN || meaning == APPLICATION);
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
is_same_list(PyObject *left, PyObject *right)
{
    Py_ssize_t size = PyList_GET_SIZE(left);
    bool result = PyList_GET_SIZE(right) == size;
    for (Py_ssize_t at = 0; result && at < size; at++) {
        result = PyList_GET_ITEM(left, at) == PyList_GET_ITEM(right, at);
    }
    return result;
}

/* Return a new reference to the origin of a walk that was seen before, or NULL without an exception. */
static Origin *
remembered(PyObject *owners, int end, PyObject *detail, bool is_main)
{
    for (size_t at = 0; at < REMEMBERED && memory[at].origin; at++) {
        if (memory[at].end == end && memory[at].detail == detail && memory[at].is_main == is_main
            && is_same_list(memory[at].owners, owners)) {
            return (Origin *)Py_NewRef(memory[at].origin);
        }
    }
    return NULL;
}

static bool
is_equal(const Origin *left, const Origin *right)
{
    bool result = left->others == right->others && PyTuple_GET_SIZE(left->chain) == PyTuple_GET_SIZE(right->chain)
                  && PyUnicode_Compare(left->phase, right->phase) == 0
                  && PyUnicode_Compare(left->module, right->module) == 0;
    for (Py_ssize_t at = 0; result && at < PyTuple_GET_SIZE(left->chain); at++) {
        result = PyTuple_GET_ITEM(left->chain, at) == PyTuple_GET_ITEM(right->chain, at);
    }
    return result;
}

/* Return the origin that is equal and was there before, so that work which arranges work comes back to the same ones. */
static Origin *
interned(Origin *origin)
{
    for (size_t at = 0; at < REMEMBERED && memory[at].origin; at++) {
        if (is_equal(memory[at].origin, origin)) {
            Py_DECREF(origin);
            return (Origin *)Py_NewRef(memory[at].origin);
        }
    }
    return origin;
}

static void
remember(PyObject *owners, int end, PyObject *detail, bool is_main, Origin *origin)
{
    size_t at = next_memory++ % REMEMBERED;
    Py_XSETREF(memory[at].owners, Py_NewRef(owners));
    Py_XSETREF(memory[at].detail, Py_NewRef(detail));
    Py_XSETREF(memory[at].origin, (Origin *)Py_NewRef(origin));
    memory[at].end = end;
    memory[at].is_main = is_main;
}

static Origin *
conclude(PyObject *found)
{
    int before = busy_enter();
    PyObject *answer = PyObject_CallObject(concludes, found);
    busy_leave(before);
    PyObject *chain = answer ? PyObject_GetAttrString(answer, "chain") : NULL;
    PyObject *phase = chain ? PyObject_GetAttrString(answer, "phase") : NULL;
    PyObject *module = phase ? PyObject_GetAttrString(answer, "module") : NULL;
    Origin *origin = module ? origin_new(chain, phase, module) : NULL;
    Py_XDECREF(answer);
    Py_XDECREF(chain);
    Py_XDECREF(phase);
    Py_XDECREF(module);
    return origin ? interned(origin) : NULL;
}

/* What may be remembered: before the program starts the same frames mean something else, and modules come and go. */
static bool
is_lasting(int end, const Origin *origin)
{
    return end == CARRIED || (end == END && PyUnicode_CompareWithASCIIString(origin->phase, "run") == 0);
}

/* Return a new reference to the origin of what runs now, or NULL with an exception set. */
static Origin *
trace(void)
{
    PyObject *found = walk_here();
    if (!found) {
        return NULL;
    }
    PyObject *owners = PyTuple_GET_ITEM(found, 0), *detail = PyTuple_GET_ITEM(found, 2);
    int end = (int)PyLong_AsLong(PyTuple_GET_ITEM(found, 1));
    bool is_main = PyThreadState_Get() == core.main_thread;
    Origin *origin = remembered(owners, end, detail, is_main);
    if (!origin && (origin = conclude(found)) && is_lasting(end, origin)) {
        remember(owners, end, detail, is_main, origin);
    }
    Py_DECREF(found);
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

/* Return what the application puts off as it is; a handler must be known for one, as it may interrupt the guard. */
static PyObject *
plain(PyObject *function, Manner manner)
{
    return manner == HANDLING && !is_carried(function) ? carried_new(NULL, function, true) : Py_NewRef(function);
}

static PyObject *
carry_for(Origin *origin, PyObject *function, Manner manner)
{
    bool interrupts = manner == AT_FORK || manner == HANDLING;
    if (is_carried(function)) {
        return carry_again(function, origin, interrupts);
    }
    if (!origin_is_the_application(origin)) {
        has_foreign_roots = has_foreign_roots || manner == ROOT;
    }
    else if (!has_foreign_roots) {
        return plain(function, manner);
    }
    return carried_new(origin, function, interrupts);
}

/* Return a new reference to `function`, or to one that carries its origin where that must be known later. NULL with an
 * exception set where it can't be told. */
PyObject *
carry(PyObject *function, Manner manner)
{
    bool is_here = core.armed && concludes && PyThreadState_GetInterpreter(PyThreadState_Get()) == core.interpreter;
    if (!is_here || !PyCallable_Check(function) || is_torn()) {
        return Py_NewRef(function);
    }
    if (answers_for_itself(function) || (!has_foreign_roots && is_arranged_by_the_application())) {
        return plain(function, manner);
    }
    Origin *origin = trace();
    PyObject *result = origin ? carry_for(origin, function, manner) : NULL;
    Py_XDECREF(origin);
    return result;
}
