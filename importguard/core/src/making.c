/* Modules in C while they are made and executed: what they do by way of the interpreter has no frame of theirs, and is their owner's all the
 * same, and part of the import. Twin: none, the core in Python takes it for the importer's. */
#include "carrier.h"
#include "methods.h"
#include "paths.h"

#include <dlfcn.h>

/* Return whose a module's file is: nobody's where its path can't be told. */
OwnerId
making_owner(PyObject *path)
{
    Asked asked = {.capability = NATIVE_LOAD};
    if (locate_text(path, WORKING_FOLDER, &asked) < 0) {
        PyErr_Clear();
        return OWNER_UNOWNED;
    }
    OwnerId owner = owner_of_path(asked.text);
    asked_clear(&asked, 1);
    return owner;
}

/* Return the path of the file that defines a module in C, whatever Python says of it (new reference); NULL without one, or with an exception
 * set. */
PyObject *
making_file(PyObject *module)
{
    Dl_info found;
    void *definition = PyModule_Check(module) ? PyModule_GetDef(module) : NULL;
    bool has_file = definition && dladdr(definition, &found) && found.dli_fname;
    return has_file ? PyUnicode_DecodeFSDefault(found.dli_fname) : NULL;
}

static _Thread_local Call *newest; /* the making of this thread whose file is still to be told */

/* From here on, what runs above the frame that makes or executes a module is done by whoever has brought its file. Returns 0, or -1 with an
 * exception set. */
static int
begin(Call *call, PyObject *name, PyObject *path)
{
    OwnerId owner = making_owner(path);
    if (owner_text(owner).kind != KIND_DISTRIBUTION) {
        return 0;
    }
    call->errand = errand_of_module(owner, name && PyUnicode_CheckExact(name) ? name : NULL);
    return call->errand ? 0 : -1;
}

/* create_dynamic(spec): the file is told by an event of its own, once what the spec says was read. */
void
making_begins(Call *call)
{
    call->outer_making = newest;
    call->frame = frame_here();
    newest = call;
}

int
making_has_file(PyObject *name, PyObject *path)
{
    Call *call = newest;
    if (!call || call->frame != frame_here()) {
        return 0;
    }
    newest = call->outer_making; /* a greenlet's may end in any order from here on */
    return readline_is_made(path) < 0 ? -1 : begin(call, name, path);
}

/* exec_dynamic(module) */
int
making_executes(Call *call, PyObject *module)
{
    PyObject *path = making_file(module);
    int result = path ? begin(call, PyDict_GetItemString(PyModule_GetDict(module), "__name__"), path) : PyErr_Occurred() ? -1 : 0;
    Py_XDECREF(path);
    return result;
}

void
making_ends(Call *call)
{
    errand_ends(call->errand);
    call->errand = NULL;
    if (newest == call) {
        newest = call->outer_making;
    }
}
