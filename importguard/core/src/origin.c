/* Where work comes from. Twin: Origin in blame.py. */
#include "carrier.h"

/* Return a new Origin of a source, whose module it takes over; NULL with an exception set. */
Origin *
origin_new(const Source *source)
{
    Origin *origin = PyObject_New(Origin, &OriginType);
    if (!origin) {
        Py_XDECREF(source->module);
        return NULL;
    }
    origin->source = *source;
    origin->others = 0;
    while (origin->others < source->count && owner_text(source->owners[origin->others]).kind != KIND_APP) {
        origin->others++;
    }
    return origin;
}

/* Say whether an origin is the application's own, or that of a program without any packages. */
bool
origin_is_the_application(const Origin *origin)
{
    return origin->source.phase == PHASE_RUN && origin->others == 0;
}

static void
origin_dealloc(PyObject *self)
{
    Py_XDECREF(((Origin *)self)->source.module);
    PyObject_Free(self);
}

PyTypeObject OriginType = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "importguard.core.ccore.Origin",
    .tp_doc = PyDoc_STR("Where deferred work comes from; there is nothing to see here."),
    .tp_basicsize = sizeof(Origin),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_IMMUTABLETYPE | Py_TPFLAGS_DISALLOW_INSTANTIATION,
    .tp_dealloc = origin_dealloc,
};
