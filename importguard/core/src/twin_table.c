/* Asks a table of its own what the tests ask policy/table.py: nothing here reaches the table that the process obeys. */
#include "twin_table.h"

#include "ruling.h"

static const char CAPSULE[] = "importguard.twin_table";

/* `written` is a set of paths, `owners` maps paths to names. */
typedef struct {
    Arena arena;
    PyObject *written, *owners;
} Twin;

static PyObject *
decoded(Text text)
{
    return PyUnicode_DecodeUTF8(text.data, (Py_ssize_t)text.size, "surrogateescape");
}

static int
is_written(void *context, Text path)
{
    PyObject *text = decoded(path);
    int answer = text ? PySet_Contains(((Twin *)context)->written, text) : -1;
    Py_XDECREF(text);
    PyErr_Clear();
    return answer;
}

static Text
owner_name_of(void *context, Text path)
{
    PyObject *text = decoded(path), *name = text ? PyDict_GetItemWithError(((Twin *)context)->owners, text) : NULL;
    Py_ssize_t size = 0;
    const char *data = name ? PyUnicode_AsUTF8AndSize(name, &size) : NULL;
    Py_XDECREF(text);
    PyErr_Clear();
    return (Text){data, (size_t)size};
}

static void
drop(PyObject *capsule)
{
    Twin *twin = PyCapsule_GetPointer(capsule, CAPSULE);
    if (twin->arena.data) {
        PyMem_RawFree(((Table *)twin->arena.data)->scratch);
    }
    arena_drop(&twin->arena);
    Py_DECREF(twin->written);
    Py_DECREF(twin->owners);
    PyMem_RawFree(twin);
}

static PyObject *
twin_table(PyObject *Py_UNUSED(module), PyObject *args)
{
    PyObject *content, *written, *owners;
    if (!PyArg_ParseTuple(args, "OO!O!", &content, &PyFrozenSet_Type, &written, &PyDict_Type, &owners)) {
        return NULL;
    }
    Twin *twin = PyMem_RawCalloc(1, sizeof *twin);
    if (!twin) {
        return PyErr_NoMemory();
    }
    twin->written = Py_NewRef(written);
    twin->owners = Py_NewRef(owners);
    PyObject *capsule = PyCapsule_New(twin, CAPSULE, drop);
    Asks asks = {is_written, owner_name_of, twin};
    if (!capsule) {
        return NULL;
    }
    if ((PyBytes_CheckExact(content) ? table_unflat : table_build)(content, &asks, &twin->arena) < 0) {
        Py_CLEAR(capsule);
    }
    return capsule;
}

static const Table *
table_of(PyObject *capsule)
{
    Twin *twin = PyCapsule_GetPointer(capsule, CAPSULE);
    return twin ? (const Table *)twin->arena.data : NULL;
}

/* Return the bytes of a str, a new reference that `text` points into, or NULL with an exception set. */
static PyObject *
encoded(PyObject *string, Text *text)
{
    if (!PyUnicode_CheckExact(string)) {
        PyErr_SetString(PyExc_TypeError, "not a str");
        return NULL;
    }
    PyObject *bytes = PyBytes_FromStringAndSize(NULL, PyUnicode_GET_LENGTH(string) * MOST_BYTES);
    if (bytes) {
        *text = (Text){PyBytes_AS_STRING(bytes), text_write(string, PyBytes_AS_STRING(bytes))};
    }
    return bytes;
}

/* What a question needs while it is asked; `kept` holds the bytes. */
typedef struct {
    OwnerText owner;
    Wanted wanted;
    Text arguments[64];
    PyObject *kept;
} Asked;

static int
keep(Asked *asked, PyObject *string, Text *text)
{
    PyObject *bytes = encoded(string, text);
    int result = bytes ? PyList_Append(asked->kept, bytes) : -1;
    Py_XDECREF(bytes);
    return result;
}

static int
keep_arguments(Asked *asked, PyObject *arguments)
{
    asked->wanted.arguments = asked->arguments;
    asked->wanted.argument_count = -1;
    if (arguments == Py_None) {
        return 0;
    }
    if (!PyTuple_CheckExact(arguments) || PyTuple_GET_SIZE(arguments) > (Py_ssize_t)Py_ARRAY_LENGTH(asked->arguments)) {
        PyErr_SetString(PyExc_TypeError, "arguments");
        return -1;
    }
    asked->wanted.argument_count = PyTuple_GET_SIZE(arguments);
    for (Py_ssize_t at = 0; at < PyTuple_GET_SIZE(arguments); at++) {
        if (keep(asked, PyTuple_GET_ITEM(arguments, at), &asked->arguments[at]) < 0) {
            return -1;
        }
    }
    return 0;
}

/* Read (table, (name, version, kind), phase, capability, target, arguments); return the table, or NULL. */
static const Table *
read_question(PyObject *args, Asked *asked, int *phase)
{
    PyObject *capsule, *name, *version, *target, *arguments;
    int capability;
    if (!PyArg_ParseTuple(args, "O(OOi)iiOO", &capsule, &name, &version, &asked->owner.kind, phase, &capability,
                          &target, &arguments)) {
        return NULL;
    }
    asked->kept = PyList_New(0);
    asked->wanted.capability = (Capability)capability;
    if (!asked->kept || keep(asked, name, &asked->owner.name) < 0 || keep(asked, version, &asked->owner.version) < 0
        || keep(asked, target, &asked->wanted.target) < 0 || keep_arguments(asked, arguments) < 0) {
        return NULL;
    }
    return table_of(capsule);
}

static PyObject *
twin_decide(PyObject *Py_UNUSED(module), PyObject *args)
{
    Asked asked = {.kept = NULL};
    int phase;
    const Table *table = read_question(args, &asked, &phase);
    PyObject *answer = NULL;
    Verdict verdict;
    if (table && table_decide(table, &asked.owner, phase, &asked.wanted, &verdict) < 0) {
        PyErr_NoMemory();
    } else if (table) {
        Text text = table_rule_text(table, verdict.rule);
        answer = Py_BuildValue("(NiN)", PyBool_FromLong(verdict.is_allowed), verdict.rule, decoded(text));
    }
    Py_XDECREF(asked.kept);
    return answer;
}

static PyObject *
twin_is_deputy(PyObject *Py_UNUSED(module), PyObject *args)
{
    Asked asked = {.kept = NULL};
    int phase;
    const Table *table = read_question(args, &asked, &phase);
    PyObject *answer = table ? PyLong_FromLong(table_is_deputy(table, &asked.owner, &asked.wanted)) : NULL;
    Py_XDECREF(asked.kept);
    return answer;
}

static PyObject *
twin_watches(PyObject *Py_UNUSED(module), PyObject *args)
{
    PyObject *capsule, *target;
    int capability;
    Text text;
    if (!PyArg_ParseTuple(args, "OiO", &capsule, &capability, &target)) {
        return NULL;
    }
    const Table *table = table_of(capsule);
    PyObject *bytes = table ? encoded(target, &text) : NULL;
    PyObject *answer = bytes ? PyBool_FromLong(table_watches(table, (Capability)capability, text)) : NULL;
    Py_XDECREF(bytes);
    return answer;
}

static PyObject *
twin_is_app(PyObject *Py_UNUSED(module), PyObject *args)
{
    PyObject *capsule, *name;
    Text text;
    if (!PyArg_ParseTuple(args, "OO", &capsule, &name)) {
        return NULL;
    }
    const Table *table = table_of(capsule);
    PyObject *bytes = table ? encoded(name, &text) : NULL;
    PyObject *answer = bytes ? PyBool_FromLong(table_is_app(table, text)) : NULL;
    Py_XDECREF(bytes);
    return answer;
}

static SEALED_IN_PLACE char page[SEALED_PAGE];
static bool page_is_sealed;

/* Seal a copy of some bytes and, once, a page that begins with them where it is. */
static PyObject *
twin_seal(PyObject *Py_UNUSED(module), PyObject *args)
{
    const char *data;
    Py_ssize_t size;
    if (!PyArg_ParseTuple(args, "y#", &data, &size)) {
        return NULL;
    }
    if (!page_is_sealed) {
        memcpy(page, data, (size_t)size < sizeof page ? (size_t)size : sizeof page);
        page_is_sealed = sealed_in_place(page, sizeof page) == 0;
    }
    const void *copy = sealed_copy(data, (size_t)size);
    if (!copy || !page_is_sealed) {
        return PyErr_NoMemory();
    }
    return Py_BuildValue("(nnsN)", (Py_ssize_t)copy, (Py_ssize_t)page, sealed_strength(),
                         PyBool_FromLong(sealed_is_pinned()));
}

PyMethodDef twin_table_methods[] = {
    {"twin_table", twin_table, METH_VARARGS,
     PyDoc_STR("twin_table(content or what table_flat has given, written, owners) -> a table for the others")},
    {"twin_watches", twin_watches, METH_VARARGS, PyDoc_STR("twin_watches(table, capability, target)")},
    {"twin_is_app", twin_is_app, METH_VARARGS, PyDoc_STR("twin_is_app(table, name)")},
    {"twin_is_deputy", twin_is_deputy, METH_VARARGS,
     PyDoc_STR("twin_is_deputy(table, owner, phase, capability, target, arguments)")},
    {"twin_decide", twin_decide, METH_VARARGS,
     PyDoc_STR("twin_decide(table, owner, phase, capability, target, arguments)")},
    {"twin_seal", twin_seal, METH_VARARGS,
     PyDoc_STR("twin_seal(data) -> (address of a copy, address of a page, what holds, is it pinned)")},
    {NULL, NULL, 0, NULL},
};
