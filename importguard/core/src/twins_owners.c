/* What the twin tests hold against Python: questions with all that they need given, which change nothing here. */
#include "owners.h"

static PyObject *
owner_tuple(const Identity *identity, OwnerId owner)
{
    static const char *const kinds[KIND_COUNT] = {"distribution", "app", "stdlib", "startup", "unowned"};
    OwnerText text = identity_text(identity, owner);
    return Py_BuildValue("NNs", text_object_of_name(text.name), text_object_of_name(text.version), kinds[text.kind]);
}

static OwnerId
answer(Identity *identity, Text text, bool is_module)
{
    return is_module ? identity_owner_of_module(identity, text) : identity_owner_of_path(identity, text);
}

static PyObject *
answers(Identity *identity, PyObject *texts, bool are_modules)
{
    PyObject *list = PyList_New(0);
    for (Py_ssize_t at = 0; list && at < PyTuple_GET_SIZE(texts); at++) {
        PyObject *keeper, *owner = NULL, *asked = PyTuple_GET_ITEM(texts, at);
        Text text;
        if (!PyUnicode_CheckExact(asked)) {
            PyErr_SetString(PyExc_TypeError, "a str");
        }
        else if (text_of_name(asked, &text, &keeper) == 0) {
            owner = owner_tuple(identity, answer(identity, text, are_modules));
            Py_XDECREF(keeper);
        }
        if (!owner || PyList_Append(list, owner) < 0) {
            Py_CLEAR(list);
        }
        Py_XDECREF(owner);
    }
    return list;
}

/* twin_owners(ledger, rescan, is_written, paths, modules) -> ([(name, version, kind)], the same for the modules) */
static PyObject *
twin_owners(PyObject *Py_UNUSED(module), PyObject *args)
{
    PyObject *ledger, *rescan, *is_written, *paths, *modules;
    if (!PyArg_ParseTuple(args, "O!OOO!O!", &PyTuple_Type, &ledger, &rescan, &is_written, &PyTuple_Type, &paths,
                          &PyTuple_Type, &modules)) {
        return NULL;
    }
    Identity identity = {identity_ledger(ledger), rescan, is_written, NULL, 0, 0};
    if (!identity.ledger) {
        return NULL;
    }
    PyObject *of_paths = answers(&identity, paths, false);
    PyObject *of_modules = of_paths ? answers(&identity, modules, true) : NULL;
    identity_drop(&identity);
    if (!of_modules) {
        Py_XDECREF(of_paths);
        return NULL;
    }
    return Py_BuildValue("NN", of_paths, of_modules);
}

PyMethodDef owner_twins[] = {
    {"twin_owners", twin_owners, METH_VARARGS, PyDoc_STR("Whose paths and modules are, by a ledger that is given.")},
    {NULL, NULL, 0, NULL},
};
