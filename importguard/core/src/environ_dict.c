/* What stands for the dict behind `os.environ`, as a dict: each of its methods asks for what it shows or changes. */
#include "environ.h"

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
    PyObject *value = environ_value(self, key);
    return value ? value : missing(key);
}

static int
assign(PyObject *self, PyObject *key, PyObject *given)
{
    PyObject *name = environ_bytes(key), *value = given ? environ_bytes(given) : NULL;
    int result = -1;
    if (name && (value || !given)) {
        result = environ_change(self, name, value);
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
    return PyDict_GET_SIZE(ENVIRON_VARIABLES(self));
}

static int
contains(PyObject *self, PyObject *key)
{
    PyObject *value = environ_value(self, key);
    Py_XDECREF(value);
    return value ? 1 : PyErr_Occurred() ? -1 : 0;
}

/* Return a plain dict of all variables, each asked for; NULL with an error. */
static PyObject *
all_of(PyObject *self)
{
    PyObject *names = PyDict_Keys(ENVIRON_VARIABLES(self)), *all = names ? PyDict_New() : NULL;
    for (Py_ssize_t at = 0; all && at < PyList_GET_SIZE(names); at++) {
        PyObject *name = PyList_GET_ITEM(names, at), *value = environ_value(self, name);
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
    PyObject *names = PyDict_Keys(ENVIRON_VARIABLES(self));
    PyObject *only = names ? PyObject_CallMethod((PyObject *)&PyDict_Type, "fromkeys", "O", names) : NULL;
    PyObject *result = only ? PyObject_CallMethod(only, "keys", NULL) : NULL;
    Py_XDECREF(names);
    Py_XDECREF(only);
    return result;
}

static PyObject *
iterate(PyObject *self)
{
    PyObject *names = PyDict_Keys(ENVIRON_VARIABLES(self)), *result = names ? PyObject_GetIter(names) : NULL;
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
    PyObject *value = environ_value(self, key);
    return value || PyErr_Occurred() ? value : Py_NewRef(otherwise);
}

static PyObject *
pop(PyObject *self, PyObject *args)
{
    PyObject *key, *otherwise = NULL;
    if (!PyArg_ParseTuple(args, "O|O:pop", &key, &otherwise)) {
        return NULL;
    }
    PyObject *value = environ_value(self, key);
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
    PyObject *value = environ_value(self, key);
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
    PyObject *names = PyDict_Keys(ENVIRON_VARIABLES(self));
    int result = names ? 0 : -1;
    for (Py_ssize_t at = 0; result == 0 && at < PyList_GET_SIZE(names); at++) {
        result = environ_change(self, PyList_GET_ITEM(names, at), NULL);
    }
    Py_XDECREF(names);
    return result < 0 ? NULL : Py_NewRef(Py_None);
}

static PyObject *
pop_item(PyObject *self, PyObject *Py_UNUSED(nothing))
{
    PyObject *names = PyDict_Keys(ENVIRON_VARIABLES(self));
    Py_ssize_t size = names ? PyList_GET_SIZE(names) : 0;
    if (names && !size) {
        PyErr_SetString(PyExc_KeyError, "popitem(): dictionary is empty");
    }
    PyObject *name = size ? PyList_GET_ITEM(names, size - 1) : NULL, *value = name ? environ_value(self, name) : NULL;
    PyObject *pair = value && environ_change(self, name, NULL) == 0 ? PyTuple_Pack(2, name, value) : NULL;
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

PyTypeObject EnvironType = {
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
