/* The callable that stands for deferred work, and the calls of such that are under way. Twin: wraps/carrier.py, whose
 * frame shows the origin to the walk; here it is beside the frames, where no package can put one. */
#include "carrier.h"

#include <stddef.h>

typedef struct {
    PyObject_HEAD
    PyObject *function;
    Origin *origin; /* NULL for the application's handlers: these only don't get the guard's authority */
    PyObject *weak_references;
    vectorcallfunc call;
    bool interrupts; /* the interpreter calls it between two instructions of anybody's */
} Carried;

/* Greenlets switch the C stack below a call: so these lie on the heap, in no order that a call could rely on. */
static _Thread_local Errand *newest;

int errands_under_way;

OFTEN const Errand *
errands_here(void)
{
    return newest;
}

/* Return the newest call that was made from a frame, or NULL. */
const Errand *
errand_above(const Errand *errand, const void *frame)
{
    while (errand && errand->below != frame) {
        errand = errand->older;
    }
    return errand;
}

/* The same for what was called from no frame: by a thread, or by a greenlet, whose making is the last of its errands. To ask which one runs
 * may end others, and calls that they were in. */
const Errand *
errand_at_root(PyCodeObject *outermost)
{
    const void *root = greenlet_here();
    const Errand *found = errand_above(errands(), root);
    return found ? found : greenlet_errand(root, outermost);
}

static bool
is_called_by_somebody(const Cursor *cursor)
{
    Tag tag = cursor->code ? tag_get(cursor->code) : NO_TAG;
    Meaning meaning = place_at(tag)->meaning;
    return tag != NO_TAG && meaning != STDLIB && meaning != GUARD;
}

/* Tell the supervisor whose work it is, where that is or was an import. */
static void
show(Errand *errand)
{
    const Source *source = &errand->origin->source;
    bool is_import = source->phase != PHASE_RUN && source->count > 0 && owner_text(source->owners[0]).kind != KIND_APP;
    board_know_thread();
    errand->is_shown = board_is_shared && (is_import || board_is_importing());
    if (errand->is_shown) {
        int phase = source->phase == PHASE_STARTUP ? BOARD_STARTUP : BOARD_IMPORT;
        board_enter(&errand->before, is_import ? phase : BOARD_RUN, is_import ? source->owners[0] : OWNER_APP, source->module);
    }
}

/* From now on it is the newest of this thread. */
static void
begin(Errand *errand)
{
    if (newest) {
        newest->newer = errand;
    }
    newest = errand;
    errands_under_way++;
}

/* Begin a call, `*begun` NULL where it has no origin; returns 0, or -1 with an exception set. */
static int
set_out(const Carried *carried, Errand **begun)
{
    Cursor cursor;
    Errand *errand = carried->origin ? PyMem_RawMalloc(sizeof *errand) : NULL;
    *begun = errand;
    if (!errand) {
        board_know_thread();
        return carried->origin ? PyErr_NoMemory(), -1 : 0;
    }
    cursor_start(&cursor, NULL);
    const void *below = cursor.code ? cursor_identity(&cursor) : greenlet_here(); /* which may end other calls */
    *errand = (Errand){
        .older = newest,
        .below = below,
        .origin = (Origin *)Py_NewRef(carried->origin),
        .is_direct = !carried->interrupts && is_called_by_somebody(&cursor),
    };
    cursor_end(&cursor);
    begin(errand);
    if (errand->is_direct) {
        board_know_thread();
    }
    else {
        show(errand);
    }
    return 0;
}

void
errand_ends(Errand *errand)
{
    if (!errand) {
        return;
    }
    if (errand->is_shown) {
        board_leave(&errand->before);
    }
    if (errand->older) {
        errand->older->newer = errand->newer;
    }
    if (errand->newer) {
        errand->newer->older = errand->older;
    }
    else {
        newest = errand->older;
    }
    errands_under_way--;
    Py_DECREF(errand->origin);
    PyMem_RawFree(errand);
}

/* Begin what a module in C does while it is made or executed, above the innermost frame; NULL with an exception set. `module` is its name, or
 * NULL. */
Errand *
errand_of_module(OwnerId owner, PyObject *module)
{
    Source source = {.owners = {owner}, .count = 1, .phase = blame_is_starting() ? PHASE_STARTUP : PHASE_IMPORT, .module = Py_XNewRef(module)};
    Origin *origin = origin_new(&source);
    Errand *errand = origin ? PyMem_RawMalloc(sizeof *errand) : NULL;
    if (!errand) {
        Py_XDECREF(origin);
        return origin ? (Errand *)PyErr_NoMemory() : NULL;
    }
    *errand = (Errand){.older = newest, .below = frame_here(), .origin = origin, .is_native = true};
    begin(errand);
    return errand;
}

static PyObject *
carried_call(PyObject *self, PyObject *const *args, size_t size, PyObject *names)
{
    Carried *carried = (Carried *)self;
    if (!carried->function) {
        PyErr_SetString(PyExc_ReferenceError, "the function is gone");
        return NULL;
    }
    Errand *errand;
    if (set_out(carried, &errand) < 0) {
        return NULL;
    }
    int busy = busy_suspend(); /* what interrupts the guard is not the guard */
    PyObject *function = Py_NewRef(carried->function);
    PyObject *result = PyObject_Vectorcall(function, args, size, names);
    Py_DECREF(function);
    busy_leave(busy);
    errand_ends(errand);
    return result;
}

/* Return a new Carried, or NULL with an exception set. */
PyObject *
carried_new(Origin *origin, PyObject *function, bool interrupts)
{
    Carried *carried = PyObject_GC_New(Carried, &CarriedType);
    if (!carried) {
        return NULL;
    }
    carried->function = Py_NewRef(function);
    carried->origin = (Origin *)Py_XNewRef(origin);
    carried->weak_references = NULL;
    carried->call = carried_call;
    carried->interrupts = interrupts;
    PyObject_GC_Track(carried);
    return (PyObject *)carried;
}

bool
is_carried(PyObject *function)
{
    return Py_IS_TYPE(function, &CarriedType);
}

/* Return the origin of a Carried, borrowed; NULL where it has none. */
Origin *
carried_origin(PyObject *carried)
{
    return is_carried(carried) ? ((Carried *)carried)->origin : NULL;
}

/* Return the function that was given, carried or not; borrowed. */
PyObject *
carried_function(PyObject *function)
{
    return is_carried(function) ? ((Carried *)function)->function : function;
}

/* The origin is not shown to the collector: it can't be part of a cycle, and nobody shall find it there. */
static int
carried_traverse(PyObject *self, visitproc visit, void *arg)
{
    Py_VISIT(((Carried *)self)->function);
    return 0;
}

static int
carried_clear(PyObject *self)
{
    Py_CLEAR(((Carried *)self)->function);
    return 0;
}

static void
carried_dealloc(PyObject *self)
{
    Carried *carried = (Carried *)self;
    PyObject_GC_UnTrack(self);
    if (carried->weak_references) {
        PyObject_ClearWeakRefs(self);
    }
    Py_CLEAR(carried->function);
    Py_CLEAR(carried->origin);
    PyObject_GC_Del(self);
}

static PyObject *
function_of(PyObject *self)
{
    PyObject *function = ((Carried *)self)->function;
    return function ? function : Py_None;
}

static PyObject *
carried_repr(PyObject *self)
{
    return PyObject_Repr(function_of(self));
}

static PyObject *
carried_str(PyObject *self)
{
    return PyObject_Str(function_of(self));
}

static Py_hash_t
carried_hash(PyObject *self)
{
    return PyObject_Hash(function_of(self));
}

static PyObject *
carried_compare(PyObject *self, PyObject *other, int operator)
{
    return PyObject_RichCompare(function_of(self), carried_function(other), operator);
}

/* Copies and pickles are of the function alone: `operator.getitem((function,), 0)`. */
static PyObject *
carried_reduce(PyObject *self, PyObject *Py_UNUSED(protocol))
{
    PyObject *operators = PyImport_ImportModule("_operator");
    PyObject *getitem = operators ? PyObject_GetAttrString(operators, "getitem") : NULL;
    Py_XDECREF(operators);
    return getitem ? Py_BuildValue("N((O)i)", getitem, function_of(self), 0) : NULL;
}

static PyMethodDef carried_methods[] = {
    {"__reduce_ex__", carried_reduce, METH_O, NULL},
    {NULL, NULL, 0, NULL},
};

static PyObject *
carried_get(PyObject *self, PyObject *name)
{
    if (PyUnicode_Check(name) && PyUnicode_CompareWithASCIIString(name, "__reduce_ex__") == 0) {
        return PyObject_GenericGetAttr(self, name);
    }
    return PyObject_GetAttr(function_of(self), name);
}

static int
carried_set(PyObject *self, PyObject *name, PyObject *value)
{
    return PyObject_SetAttr(function_of(self), name, value);
}

PyTypeObject CarriedType = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "importguard.core.ccore.Carried",
    .tp_doc = PyDoc_STR("A callable that is called on behalf of whoever arranged it; else it is like the function itself."),
    .tp_basicsize = sizeof(Carried),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_HAVE_VECTORCALL | Py_TPFLAGS_IMMUTABLETYPE
                | Py_TPFLAGS_DISALLOW_INSTANTIATION,
    .tp_vectorcall_offset = offsetof(Carried, call),
    .tp_weaklistoffset = offsetof(Carried, weak_references),
    .tp_call = PyVectorcall_Call,
    .tp_dealloc = carried_dealloc,
    .tp_traverse = carried_traverse,
    .tp_clear = carried_clear,
    .tp_repr = carried_repr,
    .tp_str = carried_str,
    .tp_hash = carried_hash,
    .tp_richcompare = carried_compare,
    .tp_getattro = carried_get,
    .tp_setattro = carried_set,
    .tp_methods = carried_methods,
};
