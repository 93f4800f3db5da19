/* What importlib works out for each module by functions in Python, worked out in C: the guard asks for it before importlib does, which
 * finds it there. It pays for a part of what the guard adds to an import. No twin.
 *
 * Each answer is what Python's function would say, or there is none: where anything has been replaced since, Python is asked. */
#include "standins.h"

#include <string.h>

#define PYCACHE "/__pycache__/"
#define SOURCE ".py"
#define COMPILED ".pyc"
#define LENGTH(text) ((Py_ssize_t)sizeof(text) - 1)

/* What a dictionary held under a name when the process was armed, and the code that it had. */
typedef struct {
    PyObject *dict, *name, *value, *code;
} Original;

/* A finder that asks a function in C whether there is such a module. */
typedef struct {
    PyObject *finder;
    Original find, ask;
} Plain;

static Plain builtin, frozen;
static Original property, get_cached, cache_from_source;
static PyObject *spec_type;

/* The code of a function, also of a class method; NULL of anything else. */
static PyObject *
code_of(PyObject *value)
{
    PyObject *inner = Py_IS_TYPE(value, &PyClassMethod_Type) ? PyObject_GetAttrString(value, "__func__") : Py_NewRef(value);
    PyObject *code = inner && PyFunction_Check(inner) ? PyFunction_GET_CODE(inner) : NULL;
    Py_XDECREF(inner); /* which `value` holds */
    return code;
}

/* Remember what is there under a name; returns 0, or -1 with an exception set. */
static int
remember(Original *original, PyObject *dict, const char *name)
{
    PyObject *key = PyUnicode_InternFromString(name), *value = key ? PyDict_GetItemWithError(dict, key) : NULL;
    if (!value) {
        Py_XDECREF(key);
        if (!PyErr_Occurred()) {
            PyErr_Format(PyExc_RuntimeError, "importlib has no %s", name);
        }
        return -1;
    }
    *original = (Original){Py_NewRef(dict), key, Py_NewRef(value), Py_XNewRef(code_of(value))};
    return 0;
}

static bool
is_original(const Original *original)
{
    PyObject *value = interned_in(original->dict, original->name);
    return value == original->value && code_of(value) == original->code;
}

static int
remember_finder(Plain *plain, PyObject *bootstrap, const char *name, PyObject *asked, const char *ask)
{
    plain->finder = PyObject_GetAttrString(bootstrap, name);
    if (!plain->finder || !PyType_Check(plain->finder)) {
        return -1;
    }
    return remember(&plain->find, ((PyTypeObject *)plain->finder)->tp_dict, "find_spec") < 0 ? -1 : remember(&plain->ask, asked, ask);
}

static int
remember_cached(PyObject *bootstrap, PyObject *external)
{
    PyObject *functions = PyModule_GetDict(external);
    spec_type = PyObject_GetAttrString(bootstrap, "ModuleSpec");
    if (!spec_type || !PyType_Check(spec_type) || remember(&property, ((PyTypeObject *)spec_type)->tp_dict, "cached") < 0
        || remember(&get_cached, functions, "_get_cached") < 0) {
        return -1;
    }
    return remember(&cache_from_source, functions, "cache_from_source");
}

/* Remember what is stood in for; returns 0, or -1 with an exception set. */
int
standins_start(PyObject *bootstrap, PyObject *external)
{
    PyObject *imp = PyObject_GetAttrString(bootstrap, "_imp");
    PyObject *functions = imp && PyModule_Check(imp) ? PyModule_GetDict(imp) : NULL;
    int result = functions && remember_finder(&builtin, bootstrap, "BuiltinImporter", functions, "is_builtin") == 0
                         && remember_finder(&frozen, bootstrap, "FrozenImporter", functions, "find_frozen") == 0
                     ? remember_cached(bootstrap, external)
                     : -1;
    Py_XDECREF(imp);
    return result;
}

/* Say whether BuiltinImporter or FrozenImporter would say no, without asking them. */
bool
is_known_not_to_find(PyObject *finder, PyObject *name)
{
    const Plain *plain = finder == builtin.finder ? &builtin : finder == frozen.finder ? &frozen : NULL;
    if (!plain || !PyUnicode_CheckExact(name) || !is_original(&plain->find) || !is_original(&plain->ask)) {
        return false;
    }
    PyObject *answer = PyObject_CallOneArg(plain->ask.value, name);
    bool is_no = answer == Py_None || answer == Py_False || (answer && PyLong_CheckExact(answer) && PyLong_AsLong(answer) == 0);
    Py_XDECREF(answer);
    PyErr_Clear(); /* Python's function will say it again */
    return is_no;
}

/* Return the tag of bytecode files where those of this process lie beside their sources and aren't optimized, else NULL; a new
 * reference. */
static PyObject *
plain_tag(void)
{
    PyThreadState *thread = PyThreadState_Get();
    PyObject *prefix = _PySys_GetAttr(thread, interned.pycache_prefix), *flags = _PySys_GetAttr(thread, interned.flags);
    PyObject *implementation = _PySys_GetAttr(thread, interned.implementation);
    if (prefix != Py_None || !flags || !implementation) {
        return NULL;
    }
    PyObject *optimize = PyObject_GetAttr(flags, interned.optimize);
    PyObject *tag = optimize && PyLong_CheckExact(optimize) && PyLong_AsLong(optimize) == 0
                        ? PyObject_GetAttr(implementation, interned.cache_tag)
                        : NULL;
    Py_XDECREF(optimize);
    if (tag && (!PyUnicode_CheckExact(tag) || !PyUnicode_IS_ASCII(tag))) {
        Py_CLEAR(tag);
    }
    return tag;
}

/* Return "folder/__pycache__/name.tag.pyc" of "folder/name.py", NULL where that takes more than putting it together. */
static PyObject *
cached_path(PyObject *origin, PyObject *tag)
{
    const char *path = PyUnicode_DATA(origin), *mark = PyUnicode_DATA(tag);
    Py_ssize_t size = PyUnicode_GET_LENGTH(origin), stem = size - LENGTH(SOURCE), tagged = PyUnicode_GET_LENGTH(tag);
    const char *slash = stem > 0 ? memrchr(path, '/', (size_t)stem) : NULL;
    Py_ssize_t folder = slash ? slash - path : 0, name = stem - folder - 1;
    if (folder < 1 || path[folder - 1] == '/' || name < 1 || memcmp(path + stem, SOURCE, LENGTH(SOURCE)) != 0) {
        return NULL;
    }
    PyObject *cached = PyUnicode_New(folder + LENGTH(PYCACHE) + name + 1 + tagged + LENGTH(COMPILED), 127);
    if (cached) {
        char *end = PyUnicode_DATA(cached);
        end = mempcpy(end, path, (size_t)folder);
        end = mempcpy(end, PYCACHE, LENGTH(PYCACHE));
        end = mempcpy(end, slash + 1, (size_t)name);
        *end++ = '.';
        end = mempcpy(end, mark, (size_t)tagged);
        memcpy(end, COMPILED, LENGTH(COMPILED));
    }
    return cached;
}

/* Say whether an attribute of a spec is this. */
static bool
has(PyObject *spec, PyObject *name, PyObject *expected)
{
    PyObject *value = PyObject_GetAttr(spec, name);
    Py_XDECREF(value);
    return value == expected;
}

/* Return spec.cached, and have the spec keep it as its property does; NULL, perhaps with an exception, where the property is to be
 * asked. */
PyObject *
cached_of(PyObject *spec, PyObject *origin)
{
    if ((PyObject *)Py_TYPE(spec) != spec_type || !PyUnicode_CheckExact(origin) || !PyUnicode_IS_ASCII(origin) || !is_original(&property)
        || !is_original(&get_cached) || !is_original(&cache_from_source) || !has(spec, interned._cached, Py_None)
        || !has(spec, interned._set_fileattr, Py_True)) {
        return NULL;
    }
    PyObject *tag = plain_tag(), *cached = tag ? cached_path(origin, tag) : NULL;
    Py_XDECREF(tag);
    if (cached && PyObject_SetAttr(spec, interned._cached, cached) < 0) {
        Py_CLEAR(cached);
    }
    return cached;
}
