/* The variables behind `os.environ`, where a rule speaks of any: reading one of a dict raises no event, so that what the
 * modules have in the dict's place asks. What it holds is in nobody's reach, the collector's included; seen as the dict that it
 * also is, past its methods, it is empty. Twin: wraps/environ.py, which leaves posix.environ alone. */
#include "builtins.h"
#include "methods.h"

#include <stdlib.h>
#include <string.h>

typedef struct {
    PyDictObject empty;
    PyObject *variables; /* dict of bytes */
} Environ;

static PyTypeObject EnvironType;

static PyObject *
variables_of(PyObject *self)
{
    return ((Environ *)self)->variables;
}

/* Return a name or value as exact bytes (new reference); NULL without an error for what can't be one. */
static PyObject *
as_bytes(PyObject *item)
{
    if (PyBytes_CheckExact(item)) {
        return Py_NewRef(item);
    }
    return PyBytes_Check(item) ? PyBytes_FromStringAndSize(PyBytes_AS_STRING(item), PyBytes_GET_SIZE(item)) : NULL;
}

/* Ask about a variable; returns 0, or -1 with an error. */
static int
ask_about(Capability capability, PyObject *name)
{
    PyObject *target = PyUnicode_DecodeUTF8(PyBytes_AS_STRING(name), PyBytes_GET_SIZE(name), "surrogateescape");
    int result = target ? judge_ask(capability, target, NULL) : -1;
    Py_XDECREF(target);
    return result;
}

/* Say whether the environment in C has it so already: then putenv or unsetenv, which os.environ calls first, has asked. */
static bool
is_told(PyObject *name, PyObject *value)
{
    const char *text = PyBytes_AS_STRING(name), *known = getenv(text);
    if (strlen(text) != (size_t)PyBytes_GET_SIZE(name)) {
        return false;
    }
    return value ? known && strcmp(known, PyBytes_AS_STRING(value)) == 0 : known == NULL;
}

/* Return the value of a variable, asked for (new reference); NULL with an error, or without one where there is none. */
static PyObject *
value_of(PyObject *self, PyObject *key)
{
    PyObject *name = as_bytes(key);
    PyObject *value = name && ask_about(ENV_READ, name) == 0 ? PyDict_GetItemWithError(variables_of(self), name) : NULL;
    Py_XINCREF(value);
    Py_XDECREF(name);
    return value;
}

static PyObject *
missing(PyObject *key)
{
    PyObject *args = PyErr_Occurred() ? NULL : PyTuple_Pack(1, key);
    if (args) {
        PyErr_SetObject(PyExc_KeyError, args);
        Py_DECREF(args);
    }
    return NULL;
}

static PyObject *
subscript(PyObject *self, PyObject *key)
{
    PyObject *value = value_of(self, key);
    return value ? value : missing(key);
}

static int
change(PyObject *self, PyObject *name, PyObject *value)
{
    if (!is_told(name, value) && ask_about(ENV_WRITE, name) < 0) {
        return -1;
    }
    if (value) {
        return PyDict_SetItem(variables_of(self), name, value);
    }
    return PyDict_DelItem(variables_of(self), name);
}

static int
assign(PyObject *self, PyObject *key, PyObject *given)
{
    PyObject *name = as_bytes(key), *value = given ? as_bytes(given) : NULL;
    int result = -1;
    if (name && (value || !given)) {
        result = change(self, name, value);
    }
    else if (!PyErr_Occurred() && given) {
        PyErr_SetString(PyExc_TypeError, "the name and the value of a variable are bytes here");
    }
    else {
        missing(key);
    }
    Py_XDECREF(name);
    Py_XDECREF(value);
    return result;
}

static Py_ssize_t
length(PyObject *self)
{
    return PyDict_GET_SIZE(variables_of(self));
}

static int
contains(PyObject *self, PyObject *key)
{
    PyObject *value = value_of(self, key);
    Py_XDECREF(value);
    return value ? 1 : PyErr_Occurred() ? -1 : 0;
}

/* Return a plain dict of all variables, each asked for; NULL with an error. */
static PyObject *
all_of(PyObject *self)
{
    PyObject *names = PyDict_Keys(variables_of(self)), *all = names ? PyDict_New() : NULL;
    for (Py_ssize_t at = 0; all && at < PyList_GET_SIZE(names); at++) {
        PyObject *name = PyList_GET_ITEM(names, at), *value = value_of(self, name);
        if ((!value && PyErr_Occurred()) || (value && PyDict_SetItem(all, name, value) < 0)) {
            Py_CLEAR(all);
        }
        Py_XDECREF(value);
    }
    Py_XDECREF(names);
    return all;
}

static PyObject *
plain(PyObject *object)
{
    return Py_IS_TYPE(object, &EnvironType) ? all_of(object) : Py_NewRef(object);
}

/* Return what a method of dict gives for all variables. */
static PyObject *
by_all(PyObject *self, const char *method)
{
    PyObject *all = all_of(self), *result = all ? PyObject_CallMethod(all, method, NULL) : NULL;
    Py_XDECREF(all);
    return result;
}

static PyObject *
items(PyObject *self, PyObject *Py_UNUSED(nothing))
{
    return by_all(self, "items");
}

static PyObject *
values(PyObject *self, PyObject *Py_UNUSED(nothing))
{
    return by_all(self, "values");
}

static PyObject *
copy(PyObject *self, PyObject *Py_UNUSED(nothing))
{
    return all_of(self);
}

/* Names are no variables' values. A view of the dict itself would show it. */
static PyObject *
keys(PyObject *self, PyObject *Py_UNUSED(nothing))
{
    PyObject *names = PyDict_Keys(variables_of(self));
    PyObject *only = names ? PyObject_CallMethod((PyObject *)&PyDict_Type, "fromkeys", "O", names) : NULL;
    PyObject *result = only ? PyObject_CallMethod(only, "keys", NULL) : NULL;
    Py_XDECREF(names);
    Py_XDECREF(only);
    return result;
}

static PyObject *
iterate(PyObject *self)
{
    PyObject *names = PyDict_Keys(variables_of(self)), *result = names ? PyObject_GetIter(names) : NULL;
    Py_XDECREF(names);
    return result;
}

static PyObject *
get(PyObject *self, PyObject *args)
{
    PyObject *key, *otherwise = Py_None;
    if (!PyArg_ParseTuple(args, "O|O:get", &key, &otherwise)) {
        return NULL;
    }
    PyObject *value = value_of(self, key);
    return value || PyErr_Occurred() ? value : Py_NewRef(otherwise);
}

static PyObject *
pop(PyObject *self, PyObject *args)
{
    PyObject *key, *otherwise = NULL;
    if (!PyArg_ParseTuple(args, "O|O:pop", &key, &otherwise)) {
        return NULL;
    }
    PyObject *value = value_of(self, key);
    if (!value) {
        return PyErr_Occurred() || !otherwise ? missing(key) : Py_NewRef(otherwise);
    }
    if (assign(self, key, NULL) < 0) {
        Py_CLEAR(value);
    }
    return value;
}

static PyObject *
set_default(PyObject *self, PyObject *args)
{
    PyObject *key, *otherwise = Py_None;
    if (!PyArg_ParseTuple(args, "O|O:setdefault", &key, &otherwise)) {
        return NULL;
    }
    PyObject *value = value_of(self, key);
    if (value || PyErr_Occurred()) {
        return value;
    }
    return assign(self, key, otherwise) < 0 ? NULL : Py_NewRef(otherwise);
}

static PyObject *
update(PyObject *self, PyObject *args, PyObject *options)
{
    PyObject *given = PyObject_Call((PyObject *)&PyDict_Type, args, options), *key, *value;
    int result = given ? 0 : -1;
    for (Py_ssize_t at = 0; result == 0 && PyDict_Next(given, &at, &key, &value);) {
        result = assign(self, key, value);
    }
    Py_XDECREF(given);
    return result < 0 ? NULL : Py_NewRef(Py_None);
}

static PyObject *
clear(PyObject *self, PyObject *Py_UNUSED(nothing))
{
    PyObject *names = PyDict_Keys(variables_of(self));
    int result = names ? 0 : -1;
    for (Py_ssize_t at = 0; result == 0 && at < PyList_GET_SIZE(names); at++) {
        result = change(self, PyList_GET_ITEM(names, at), NULL);
    }
    Py_XDECREF(names);
    return result < 0 ? NULL : Py_NewRef(Py_None);
}

static PyObject *
pop_item(PyObject *self, PyObject *Py_UNUSED(nothing))
{
    PyObject *names = PyDict_Keys(variables_of(self));
    Py_ssize_t size = names ? PyList_GET_SIZE(names) : 0;
    if (names && !size) {
        PyErr_SetString(PyExc_KeyError, "popitem(): dictionary is empty");
    }
    PyObject *name = size ? PyList_GET_ITEM(names, size - 1) : NULL, *value = name ? value_of(self, name) : NULL;
    PyObject *pair = value && change(self, name, NULL) == 0 ? PyTuple_Pack(2, name, value) : NULL;
    Py_XDECREF(value);
    Py_XDECREF(names);
    return pair;
}

/* Copies and pickles are plain dicts. */
static PyObject *
reduce(PyObject *self, PyObject *Py_UNUSED(protocol))
{
    PyObject *all = all_of(self);
    return all ? Py_BuildValue("O(N)", (PyObject *)&PyDict_Type, all) : NULL;
}

static PyObject *
show(PyObject *self)
{
    PyObject *all = all_of(self), *result = all ? PyObject_Repr(all) : NULL;
    Py_XDECREF(all);
    return result;
}

static PyObject *
compare(PyObject *self, PyObject *other, int operation)
{
    PyObject *left = plain(self), *right = left ? plain(other) : NULL;
    PyObject *result = right ? PyObject_RichCompare(left, right, operation) : NULL;
    Py_XDECREF(left);
    Py_XDECREF(right);
    return result;
}

static PyObject *
unite(PyObject *first, PyObject *second)
{
    PyObject *left = plain(first), *right = left ? plain(second) : NULL;
    PyObject *result = right ? PyNumber_Or(left, right) : NULL;
    Py_XDECREF(left);
    Py_XDECREF(right);
    return result;
}

static PyObject *
unite_in_place(PyObject *self, PyObject *other)
{
    PyObject *args = PyTuple_Pack(1, other), *result = args ? update(self, args, NULL) : NULL;
    Py_XDECREF(args);
    Py_XDECREF(result);
    return result ? Py_NewRef(self) : NULL;
}

static void
drop(PyObject *self)
{
    PyObject_GC_UnTrack(self);
    Py_CLEAR(((Environ *)self)->variables);
    PyDict_Type.tp_dealloc(self);
}

static PyMethodDef own_methods[] = {
    {"get", get, METH_VARARGS, NULL},
    {"pop", pop, METH_VARARGS, NULL},
    {"setdefault", set_default, METH_VARARGS, NULL},
    {"update", (PyCFunction)(void (*)(void))update, METH_VARARGS | METH_KEYWORDS, NULL},
    {"clear", clear, METH_NOARGS, NULL},
    {"popitem", pop_item, METH_NOARGS, NULL},
    {"items", items, METH_NOARGS, NULL},
    {"values", values, METH_NOARGS, NULL},
    {"keys", keys, METH_NOARGS, NULL},
    {"copy", copy, METH_NOARGS, NULL},
    {"__reduce_ex__", reduce, METH_O, NULL},
    {NULL, NULL, 0, NULL},
};
static PyMappingMethods as_mapping = {length, subscript, assign};
static PySequenceMethods as_sequence = {.sq_contains = contains};
static PyNumberMethods as_number = {.nb_or = unite, .nb_inplace_or = unite_in_place};

static PyTypeObject EnvironType = {
    PyVarObject_HEAD_INIT(NULL, 0)
    .tp_name = "importguard.environ",
    .tp_basicsize = sizeof(Environ),
    .tp_base = &PyDict_Type,
    .tp_dealloc = drop,
    .tp_repr = show,
    .tp_as_number = &as_number,
    .tp_as_sequence = &as_sequence,
    .tp_as_mapping = &as_mapping,
    .tp_richcompare = compare,
    .tp_iter = iterate,
    .tp_methods = own_methods,
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION,
};

/* Return a dict of the variables as exact bytes, which the collector doesn't know; NULL with an error. */
static PyObject *
hidden_copy(PyObject *variables)
{
    PyObject *hidden = PyDict_New(), *key, *value;
    for (Py_ssize_t at = 0; hidden && PyDict_Next(variables, &at, &key, &value);) {
        bool is_plain = PyBytes_CheckExact(key) && PyBytes_CheckExact(value);
        if (is_plain && PyDict_SetItem(hidden, key, value) < 0) {
            Py_CLEAR(hidden);
        }
    }
    return hidden;
}

static PyObject *
environ_new(PyObject *variables)
{
    PyObject *nothing = PyType_Ready(&EnvironType) < 0 ? NULL : PyTuple_New(0);
    PyObject *self = nothing ? PyDict_Type.tp_new(&EnvironType, nothing, NULL) : NULL;
    Py_XDECREF(nothing);
    if (self && !(((Environ *)self)->variables = hidden_copy(variables))) {
        Py_CLEAR(self);
    }
    return self;
}

/* Take out what some rule speaks of: in another interpreter nobody can be asked. Returns 0, or -1 with an error. */
static int
withhold(PyObject *variables)
{
    PyObject *names = core.enforcing ? PyDict_Keys(variables) : PyList_New(0);
    int result = names ? 0 : -1;
    for (Py_ssize_t at = 0; result == 0 && at < PyList_GET_SIZE(names); at++) {
        PyObject *name = PyList_GET_ITEM(names, at);
        Text text = {PyBytes_Check(name) ? PyBytes_AS_STRING(name) : "", PyBytes_Check(name) ? (size_t)PyBytes_GET_SIZE(name) : 0};
        if (table_watches(core.table, ENV_READ, text)) {
            result = PyDict_DelItem(variables, name);
        }
    }
    Py_XDECREF(names);
    return result;
}

/* Have the variables of a `posix` that was just made ask; returns 0, or -1 with an error. */
int
environ_watch(PyObject *module)
{
    PyObject *dict = PyModule_GetDict(module), *variables;
    bool is_watched = table_watches_any(core.table, ENV_READ) || table_watches_any(core.table, ENV_WRITE);
    if (!is_watched || entry_of(dict, "environ", &variables) < 0 || !variables || !PyDict_CheckExact(variables)) {
        return PyErr_Occurred() ? -1 : 0;
    }
    if (core.armed && PyThreadState_GetInterpreter(PyThreadState_Get()) != core.interpreter) {
        return withhold(variables);
    }
    PyObject *asking = environ_new(variables);
    int result = asking ? PyDict_SetItemString(dict, "environ", asking) : -1;
    Py_XDECREF(asking);
    return result;
}
