/* Trampolines in the place of builtins: PyMethodDef.ml_meth is what every reference to a builtin calls by, the ones that
 * were taken before arming included, and Python can't write it. No twin: pycore leaves these operations unseen. */
#include "board.h"
#include "builtins.h"
#include "carrier.h"
#include "methods.h"

#include <errno.h>
#include <string.h>

typedef struct {
    PyMethodDef *definition;
    PyCFunction real;
    const Method *method;
} Slot;

#define SLOTS 32
enum { MOST_AGAIN = 10000 }; /* signals that come one after the other, as by a timer on a machine that is very busy */
typedef enum { PLAIN, KEYED, FAST, FAST_KEYED, ONE, NONE, KINDS } Kind;
static Slot slots[KINDS][SLOTS];

typedef PyObject *(*Fast)(PyObject *, PyObject *const *, Py_ssize_t);
typedef PyObject *(*FastKeyed)(PyObject *, PyObject *const *, Py_ssize_t, PyObject *);

/* Return the positional arguments as a tuple (new reference), NULL with an error. */
static PyObject *
tuple_of(const Call *call)
{
    PyObject *tuple = PyTuple_New(call->size);
    for (Py_ssize_t at = 0; tuple && at < call->size; at++) {
        PyTuple_SET_ITEM(tuple, at, Py_NewRef(call->args[at]));
    }
    return tuple;
}

/* Call the builtin itself where its arguments were a tuple; returns its result. */
static OFTEN PyObject *
call_with_tuple(const Slot *slot, Kind kind, const Call *call, PyObject *given)
{
    PyObject *tuple = call->held ? tuple_of(call) : Py_NewRef(given), *result = NULL;
    if (tuple) {
        result = kind == PLAIN ? slot->real(call->self, tuple)
                               : ((PyCFunctionWithKeywords)(void (*)(void))slot->real)(call->self, tuple, call->options);
        Py_DECREF(tuple);
    }
    return result;
}

/* Call the builtin itself; returns its result. */
static OFTEN PyObject *
call_real(const Slot *slot, Kind kind, const Call *call, PyObject *given)
{
    switch (kind) {
    case FAST:
        return ((Fast)(void (*)(void))slot->real)(call->self, call->args, call->size);
    case FAST_KEYED:
        return ((FastKeyed)(void (*)(void))slot->real)(call->self, call->args, call->size, call->names);
    case ONE:
        return slot->real(call->self, call->args[0]);
    case NONE:
        return slot->real(call->self, NULL);
    default:
        return call_with_tuple(slot, kind, call, given);
    }
}

/* Call a builtin that was interrupted until it isn't; where that never ends, say EINTR rather than what isn't so. */
static PyObject *
call_again(const Slot *slot, Kind kind, Call *call, PyObject *given, PyObject *result)
{
    for (int again = 0; held_was_interrupted(slot->method, call, result); again++) {
        Py_CLEAR(result);
        PyErr_Clear();
        if (again == MOST_AGAIN) {
            errno = EINTR;
            return PyErr_SetFromErrno(PyExc_OSError);
        }
        result = call_real(slot, kind, call, given);
    }
    return result;
}

/* Ask, call the builtin, look at the result; returns what the caller gets. */
static OFTEN PyObject *
run(const Slot *slot, Kind kind, Call *call, PyObject *given)
{
    const Method *method = slot->method;
    PyObject *result = NULL;
    call->since = capture_answers;
    if (!core.armed || !method->ask || method->ask(call, method->name) == 0) {
        result = call_real(slot, kind, call, given);
        if (board_is_shared) {
            result = call_again(slot, kind, call, given, result);
        }
        board_call_ends();
    }
    if (core.armed && method->then) {
        result = method->then(call, result);
    }
    call_end(call);
    return result;
}

static OFTEN __attribute__((noinline)) PyObject *
run_tuple(const Slot *slot, Kind kind, PyObject *self, PyObject *args, PyObject *options)
{
    Call call = {.self = self, .args = &PyTuple_GET_ITEM(args, 0), .size = PyTuple_GET_SIZE(args), .options = options};
    return run(slot, kind, &call, args);
}

static OFTEN __attribute__((noinline)) PyObject *
run_array(const Slot *slot, Kind kind, PyObject *self, PyObject *const *args, Py_ssize_t size, PyObject *names)
{
    Call call = {.self = self, .args = args, .size = size, .names = names};
    return run(slot, kind, &call, NULL);
}

/* A C function knows nothing of the object that it is called by, so that each diverted builtin has a function of its own. */
#define AT(k, n) ((k) * 8 + (n))
#define FUNCTIONS(k, n)                                                                                                \
    static OFTEN PyObject *plain_##k##n(PyObject *self, PyObject *args)                                                \
    {                                                                                                                  \
        return run_tuple(&slots[PLAIN][AT(k, n)], PLAIN, self, args, NULL);                                            \
    }                                                                                                                  \
    static OFTEN PyObject *keyed_##k##n(PyObject *self, PyObject *args, PyObject *options)                             \
    {                                                                                                                  \
        return run_tuple(&slots[KEYED][AT(k, n)], KEYED, self, args, options);                                         \
    }                                                                                                                  \
    static OFTEN PyObject *fast_##k##n(PyObject *self, PyObject *const *args, Py_ssize_t size)                         \
    {                                                                                                                  \
        return run_array(&slots[FAST][AT(k, n)], FAST, self, args, size, NULL);                                        \
    }                                                                                                                  \
    static OFTEN PyObject *fast_keyed_##k##n(PyObject *self, PyObject *const *args, Py_ssize_t size, PyObject *names)  \
    {                                                                                                                  \
        return run_array(&slots[FAST_KEYED][AT(k, n)], FAST_KEYED, self, args, size, names);                           \
    }                                                                                                                  \
    static OFTEN PyObject *one_##k##n(PyObject *self, PyObject *arg)                                                   \
    {                                                                                                                  \
        return run_array(&slots[ONE][AT(k, n)], ONE, self, &arg, 1, NULL);                                             \
    }                                                                                                                  \
    static OFTEN PyObject *none_##k##n(PyObject *self, PyObject *Py_UNUSED(nothing))                                   \
    {                                                                                                                  \
        return run_array(&slots[NONE][AT(k, n)], NONE, self, NULL, 0, NULL);                                           \
    }
#define FUNCTION(f) (PyCFunction)(void (*)(void))(f)
#define ROW(k, n)                                                                                                      \
    {FUNCTION(plain_##k##n), FUNCTION(keyed_##k##n), FUNCTION(fast_##k##n), FUNCTION(fast_keyed_##k##n),               \
     FUNCTION(one_##k##n), FUNCTION(none_##k##n)},
#define EIGHT(M, k) M(k, 0) M(k, 1) M(k, 2) M(k, 3) M(k, 4) M(k, 5) M(k, 6) M(k, 7)

EIGHT(FUNCTIONS, 0)
EIGHT(FUNCTIONS, 1)
EIGHT(FUNCTIONS, 2)
EIGHT(FUNCTIONS, 3)

static const PyCFunction trampolines[SLOTS][KINDS] = {EIGHT(ROW, 0) EIGHT(ROW, 1) EIGHT(ROW, 2) EIGHT(ROW, 3)};

/* Return how a builtin is called, KINDS for a way that is not known here. */
static Kind
kind_of(const PyMethodDef *definition)
{
    switch (definition->ml_flags & ~(METH_CLASS | METH_STATIC | METH_COEXIST)) {
    case METH_VARARGS:
        return PLAIN;
    case METH_VARARGS | METH_KEYWORDS:
        return KEYED;
    case METH_FASTCALL:
        return FAST;
    case METH_FASTCALL | METH_KEYWORDS:
        return FAST_KEYED;
    case METH_O:
        return ONE;
    case METH_NOARGS:
        return NONE;
    default:
        return KINDS;
    }
}

/* Return where the trampoline of a builtin is or may be, SLOTS where all are taken. */
static int
slot_for(Kind kind, const PyMethodDef *definition)
{
    int at = 0;
    while (at < SLOTS && slots[kind][at].definition && slots[kind][at].definition != definition) {
        at++;
    }
    return at;
}

/* Put a trampoline in the place of a builtin, once; returns 0 (for what is no builtin as well), or -1 with an error. */
int
methods_divert(PyObject *builtin, const Method *method)
{
    PyMethodDef *definition = builtin_definition(builtin);
    if (!definition || strcmp(definition->ml_name, method->name) != 0) {
        return 0;
    }
    Kind kind = kind_of(definition);
    int at = kind == KINDS ? SLOTS : slot_for(kind, definition);
    if (at == SLOTS) {
        PyErr_Format(PyExc_RuntimeError, "importguard: the builtin %s can't be diverted", method->name);
        return -1;
    }
    if (!slots[kind][at].definition) {
        slots[kind][at] = (Slot){definition, definition->ml_meth, method};
        definition->ml_meth = trampolines[at][kind];
    }
    return 0;
}
