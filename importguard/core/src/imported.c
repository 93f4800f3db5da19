/* How long the bodies of modules take, where somebody wants to know: taken around each of them, see bodies.c. No twin: the core
 * in Python stands before an import, and not around it. */
#include "judge.h"
#include "methods.h"

#include "owners.h"

#include <time.h>

static _Thread_local int64_t inside; /* of the body under way: what those in it took */
static _Thread_local int depth;

static int64_t
now(clockid_t clock)
{
    struct timespec time;
    clock_gettime(clock, &time);
    return time.tv_sec * (int64_t)1000000000 + time.tv_nsec;
}

/* A body begins. */
void
imported_begin(Call *call)
{
    if (core.imported) {
        call->began = now(CLOCK_MONOTONIC);
        call->inside = inside;
        inside = 0;
        depth++;
    }
}

/* A body has ended: say so, in microseconds. What that takes itself is nobody's. Leaves no exception set. */
void
imported_end(const Call *call, OwnerText owner)
{
    if (!call->began) {
        return;
    }
    int64_t took = now(CLOCK_MONOTONIC) - call->began, own = took - inside, start = now(CLOCK_REALTIME) - took;
    depth--;
    PyObject *name = interned_in(call->args[1], interned.__name__);
    PyObject *text = name && PyUnicode_CheckExact(name) ? Py_NewRef(name) : PyUnicode_FromString("?");
    PyObject *args = NULL, *whose = text ? report_owner(owner) : NULL;
    if (whose) {
        args = Py_BuildValue("OOLLLi", text, whose, (long long)start / 1000, (long long)took / 1000, (long long)own / 1000, depth);
    }
    Py_XDECREF(attend(core.imported, args));
    PyErr_Clear();
    Py_XDECREF(args);
    Py_XDECREF(whose);
    Py_XDECREF(text);
    inside = call->inside + (now(CLOCK_MONOTONIC) - call->began);
}
