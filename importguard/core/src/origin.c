/* Where work comes from. Twin: Origin in blame.py. */
#include "carrier.h"

#include <stddef.h>
#include <structmember.h>

/* Say whether an Owner is the application; what can't tell is not. */
static bool
is_application(PyObject *owner)
{
    PyObject *kind = PyObject_GetAttrString(owner, "kind");
    bool result = kind && PyUnicode_Check(kind) && PyUnicode_CompareWithASCIIString(kind, "app") == 0;
    PyErr_Clear();
    Py_XDECREF(kind);
    return result;
}

static Py_ssize_t
count_others(PyObject *chain)
{
    Py_ssize_t at = 0;
    while (at < PyTuple_GET_SIZE(chain) && !is_application(PyTuple_GET_ITEM(chain, at))) {
        at++;
    }
    return at;
}

/* Each owner once, where it is met first: work that arranges work would else grow its chain with each turn. */
static PyObject *
each_once(PyObject *chain)
{
    PyObject *found = PyList_New(0), *result;
    for (Py_ssize_t at = 0; found && at < PyTuple_GET_SIZE(chain); at++) {
        PyObject *owner = PyTuple_GET_ITEM(chain, at);
        int is_there = PySequence_Contains(found, owner);
        if (is_there < 0 || (!is_there && PyList_Append(found, owner) < 0)) {
            Py_CLEAR(found);
        }
    }
    result = found ? PyList_AsTuple(found) : NULL;
    Py_XDECREF(found);
    return result;
}

/* Return a new Origin, or NULL with an exception set. */
Origin *
origin_new(PyObject *chain, PyObject *phase, PyObject *module)
{
    if (!PyTuple_CheckExact(chain) || !PyUnicode_CheckExact(phase) || !PyUnicode_CheckExact(module)) {
        PyErr_SetString(PyExc_TypeError, "an origin is (chain, phase, module)");
        return NULL;
    }
    PyObject *owners = each_once(chain);
    Origin *origin = owners ? PyObject_New(Origin, &OriginType) : NULL;
    if (!origin) {
        Py_XDECREF(owners);
        return NULL;
    }
    origin->chain = owners;
    origin->phase = Py_NewRef(phase);
    origin->module = Py_NewRef(module);
    origin->others = count_others(owners);
    return origin;
}

/* Say whether an origin is the application's own, or that of a program without any packages. */
bool
origin_is_the_application(const Origin *origin)
{
    return PyUnicode_CompareWithASCIIString(origin->phase, "run") == 0 && origin->others == 0;
}

static void
origin_dealloc(PyObject *self)
{
    Origin *origin = (Origin *)self;
    Py_XDECREF(origin->chain);
    Py_XDECREF(origin->phase);
    Py_XDECREF(origin->module);
    PyObject_Free(self);
}

static PyMemberDef origin_members[] = {
    {"chain", T_OBJECT_EX, offsetof(Origin, chain), READONLY, NULL},
    {"phase", T_OBJECT_EX, offsetof(Origin, phase), READONLY, NULL},
    {"module", T_OBJECT_EX, offsetof(Origin, module), READONLY, NULL},
    {NULL, 0, 0, 0, NULL},
};

PyTypeObject OriginType = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "importguard.core.ccore.Origin",
    .tp_doc = PyDoc_STR("Where deferred work comes from."),
    .tp_basicsize = sizeof(Origin),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_IMMUTABLETYPE | Py_TPFLAGS_DISALLOW_INSTANTIATION,
    .tp_dealloc = origin_dealloc,
    .tp_members = origin_members,
};
