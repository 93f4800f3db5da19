/* Which threads are inside the guard. Looks like a set of thread ids, and serves only the guard's own code. */
#include "ccore.h"

#include <pthread.h>
#if PY_VERSION_HEX >= 0x030C0000
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wunused-parameter"
#pragma GCC diagnostic ignored "-Wsign-compare"
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"
#include "internal/pycore_ceval.h"
#include "internal/pycore_interp.h"
#pragma GCC diagnostic pop
#endif

static _Thread_local int depth;
/* The frame in which the guard began to be at work in this thread. */
static _Thread_local const void *since;
#define MOST_SUSPENDED 16
static _Thread_local const void *suspended[MOST_SUSPENDED];
static _Thread_local int suspensions;

/* Finalizers and tracers of others would run between the guard's own instructions, in frames that are let do anything: so
 * they wait until no thread is inside. */
static int threads_inside;
static bool has_collector, knows_forks;

/* Only the thread that forks goes on in a child. */
static void
forget_other_threads(void)
{
    if (threads_inside > 0) {
        threads_inside = depth > 0;
        if (threads_inside == 0 && has_collector && PyGILState_Check()) {
            PyGC_Enable();
        }
    }
}

/* From 3.12 on a collection is asked for when memory is allocated, and done between two instructions, whether the collector
 * is on by then or not: one that was asked for before would be done between the guard's. The next allocation asks again. */
static void
put_off_collection(void)
{
#if PY_VERSION_HEX >= 0x030D0000
    _Py_unset_eval_breaker_bit(PyThreadState_Get(), _PY_GC_SCHEDULED_BIT);
#elif PY_VERSION_HEX >= 0x030C0000
    _Py_atomic_store_relaxed(&PyInterpreterState_Get()->ceval.gc_scheduled, 0);
#endif
}

static void
go_in(void)
{
    knows_forks = knows_forks || pthread_atfork(NULL, NULL, forget_other_threads) == 0;
    if (threads_inside++ == 0) {
        has_collector = PyGC_Disable() == 1;
    }
    put_off_collection();
    PyThreadState_EnterTracing(PyThreadState_Get());
}

static void
come_out(void)
{
    PyThreadState_LeaveTracing(PyThreadState_Get());
    if (--threads_inside == 0 && has_collector) {
        PyGC_Enable();
    }
}

static void
set_depth(int wanted)
{
    if (depth == 0 && wanted > 0) {
        go_in();
    }
    else if (depth > 0 && wanted == 0) {
        come_out();
    }
    depth = wanted;
}

OFTEN bool
busy_here(void)
{
    return depth > 0;
}

/* Remember where the guard's work begins, unless it is under way. */
static void
begin(void)
{
    Cursor cursor;
    if (depth == 0) {
        cursor_start(&cursor, NULL);
        since = cursor.code ? cursor_identity(&cursor) : NULL;
        cursor_end(&cursor);
    }
}

/* Return the frame in which the guard began to be at work in this thread, NULL for no frame at all. */
const void *
busy_since(void)
{
    return since;
}

/* Begin to be at work; return what busy_leave takes. */
int
busy_enter(void)
{
    begin();
    int before = depth;
    set_depth(before + 1);
    return before;
}

void
busy_leave(int before)
{
    if (depth == 0 && before > 0 && suspensions > 0) {
        suspensions--;
        since = suspensions < MOST_SUSPENDED ? suspended[suspensions] : NULL;
    }
    set_depth(before);
}

/* Step out of the guard for what interrupts it; return what busy_leave takes to go back in. */
int
busy_suspend(void)
{
    int before = depth;
    if (before > 0) {
        if (suspensions < MOST_SUSPENDED) {
            suspended[suspensions] = since;
        }
        suspensions++;
    }
    set_depth(0);
    return before;
}

/* Whoever gets hold of the object may look at it; only the guard's code may change it, and only for its own thread. */
static bool
is_asked_by_the_guard(void)
{
    Cursor cursor;
    cursor_start(&cursor, NULL);
    bool result = !core.armed || (cursor.code && PLACE_OF(tag_get(cursor.code)) == GUARD_PLACE);
    cursor_end(&cursor);
    if (!result) {
        PyErr_SetString(PyExc_RuntimeError, "importguard: only the guard itself can do this");
    }
    return result;
}

static PyObject *
busy_add(PyObject *Py_UNUSED(self), PyObject *Py_UNUSED(thread))
{
    if (!is_asked_by_the_guard()) {
        return NULL;
    }
    begin();
    set_depth(1);
    Py_RETURN_NONE;
}

static PyObject *
busy_discard(PyObject *Py_UNUSED(self), PyObject *Py_UNUSED(thread))
{
    if (!is_asked_by_the_guard()) {
        return NULL;
    }
    set_depth(0);
    Py_RETURN_NONE;
}

static int
busy_contains(PyObject *Py_UNUSED(self), PyObject *Py_UNUSED(thread))
{
    return depth > 0;
}

static PyMethodDef methods[] = {
    {"add", busy_add, METH_O, PyDoc_STR("Pass over the events of the calling thread.")},
    {"discard", busy_discard, METH_O, PyDoc_STR("Look at the events of the calling thread again.")},
    {NULL, NULL, 0, NULL},
};
static PySequenceMethods as_sequence = {.sq_contains = busy_contains};

PyTypeObject BusyType = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "importguard.core.ccore.Busy",
    .tp_doc = PyDoc_STR("The threads that are inside the guard."),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_IMMUTABLETYPE | Py_TPFLAGS_DISALLOW_INSTANTIATION,
    .tp_methods = methods,
    .tp_as_sequence = &as_sequence,
};
