/* importguard.core.ccore: armed once a process, by install(); there is nothing here that changes it afterwards. */
#include "blame.h"
#include "carrier.h"
#include "judge.h"
#include "methods.h"
#include "owners.h"
#include "readers.h"
#include "twin_table.h"

static const char *const CANARY_EVENT = "importguard.canary";

static PyObject *
answers(PyObject *Py_UNUSED(module), PyObject *Py_UNUSED(nothing))
{
    core.answered = false;
    if (PySys_Audit(CANARY_EVENT, NULL) < 0) {
        PyErr_Clear(); /* by a hook that comes later; what counts is whether ours was asked */
    }
    return PyBool_FromLong(core.answered);
}

static int
add_reader(const char *name, PyObject *reader, bool acts)
{
    return events_add(name, (Event){READ, reader, acts});
}

/* `readers` is {event: (reader, does it change or reach anything)}. */
static int
add_readers(PyObject *readers)
{
    PyObject *name, *value;
    Py_ssize_t at = 0;
    while (PyDict_Next(readers, &at, &name, &value)) {
        PyObject *reader;
        int acts;
        const char *text = PyUnicode_AsUTF8(name);
        if (!text || !PyArg_ParseTuple(value, "Op", &reader, &acts) || add_reader(text, reader, acts) < 0) {
            return -1;
        }
    }
    return 0;
}

static int
add_own_events(PyObject *programs)
{
    static const struct {
        const char *name;
        Role role;
    } own[] = {
        {"import", IMPORT},       {"importguard.canary", CANARY},      {"exec", EXEC},
        {"function.__new__", NEW_FUNCTION},  {"object.__setattr__", SET_ATTRIBUTE},
    };
    for (size_t at = 0; at < Py_ARRAY_LENGTH(own); at++) {
        if (events_add(own[at].name, (Event){own[at].role, NULL, false}) < 0) {
            return -1;
        }
    }
    for (Py_ssize_t at = 0; at < PyTuple_GET_SIZE(programs); at++) {
        const char *name = PyUnicode_AsUTF8(PyTuple_GET_ITEM(programs, at));
        if (!name || events_add(name, (Event){PROGRAM, NULL, false}) < 0) {
            return -1;
        }
    }
    return 0;
}

static int
make_places(PyObject *unowned, PyObject *main_owner)
{
    const struct {
        Meaning meaning;
        PyObject *owner;
    } first[] = {{OWNED, unowned}, {STDLIB, NULL}, {GUARD, NULL}, {CARRIER, NULL}, {MAIN, main_owner}};
    for (size_t at = 0; at < Py_ARRAY_LENGTH(first); at++) {
        if (place_new(first[at].meaning, NULL, first[at].owner) != at + 1) {
            return -1;
        }
    }
    return 0;
}

/* `loaded` is ((namespace, meaning, owner or None), ...): the modules that were there before the guard. */
static int
sweep(PyObject *loaded)
{
    for (Py_ssize_t at = 0; at < PyTuple_GET_SIZE(loaded); at++) {
        PyObject *namespace, *owner;
        int meaning;
        if (!PyArg_ParseTuple(PyTuple_GET_ITEM(loaded, at), "O!iO", &PyDict_Type, &namespace, &meaning, &owner)) {
            return -1;
        }
        size_t place = meaning == STDLIB    ? STDLIB_PLACE
                       : meaning == GUARD   ? GUARD_PLACE
                       : meaning == CARRIER ? CARRIER_PLACE
                                            : place_new((Meaning)meaning, NULL, owner);
        if (!place || tags_sweep(namespace, TAG_OF(place)) < 0) {
            return -1;
        }
    }
    return 0;
}

static PyMethodDef answers_method = {"answers", answers, METH_NOARGS, PyDoc_STR("Say whether the hook still hears.")};
static PyMethodDef walk_method = {"walk", walk, METH_O, PyDoc_STR("walk(frame) -> (owners, end, detail)")};

static PyMethodDef owner_method = {"owner_at", owner_at, METH_O, PyDoc_STR("owner_at(frame) -> Owner or None")};

static PyMethodDef own_method = {"is_own", is_own, METH_O, PyDoc_STR("Say whether a frame runs the guard's code.")};

static int
start(PyObject *readers, PyObject *programs, PyObject *loaded, PyObject *unowned)
{
    if (judge_start() < 0 || tags_start() < 0 || creation_pin() < 0 || frames_check() < 0 || make_places(unowned, core.main_owner) < 0
        || add_own_events(programs) < 0 || add_readers(readers) < 0 || sweep(loaded) < 0) {
        return -1;
    }
    core.interpreter = PyThreadState_GetInterpreter(PyThreadState_Get());
    core.main_thread = PyThreadState_Get();
    if (PySys_AddAuditHook(hook, NULL) < 0 || creation_watch() < 0 || methods_start() < 0) {
        return -1;
    }
    core.armed = true;
    return 0;
}

/* `owners` is (ledger, rescan, is_written): see owners.h. */
static int
take_owners(PyObject *owners, PyObject *unowned, PyObject *application)
{
    PyObject *ledger, *rescan, *is_written;
    if (!PyArg_ParseTuple(owners, "O!OO", &PyTuple_Type, &ledger, &rescan, &is_written)) {
        return -1;
    }
    owner_objects_start(unowned, core.library, application, core.main_owner);
    return owners_start(ledger, rescan, is_written);
}

static PyObject *
install(PyObject *Py_UNUSED(module), PyObject *args, PyObject *options)
{
    static char *names[] = {
        "readers",  "programs",  "loaded",   "namespaces",  "concerns",   "judge",
        "on_import", "on_program", "finder", "is_deputy",   "adopt",
        "main_owner", "unowned", "library", "pycache_prefix", "owners",   "application", "enforcing", NULL,
    };
    PyObject *readers, *programs, *loaded, *unowned, *owners, *application;
    int enforcing;
    Core given = {0};
    if (core.armed) {
        PyErr_SetString(PyExc_RuntimeError, "importguard: the C core is armed already");
        return NULL;
    }
    if (!PyArg_ParseTupleAndKeywords(
            args, options, "$O!O!O!O!OOOOOOOOOOOO!Op", names, &PyDict_Type, &readers, &PyTuple_Type, &programs,
            &PyTuple_Type, &loaded, &PyTuple_Type, &given.namespaces, &given.concerns, &given.judge, &given.on_import,
            &given.on_program, &given.finder, &given.is_deputy, &given.adopt, &given.main_owner,
            &unowned, &given.library, &given.pycache_prefix, &PyTuple_Type, &owners, &application, &enforcing)) {
        return NULL;
    }
    PyObject *kept[] = {given.namespaces, given.concerns, given.judge,       given.on_import,  given.on_program,    given.finder,
                        given.is_deputy,   given.adopt,    given.main_owner, given.library, given.pycache_prefix};
    for (size_t at = 0; at < Py_ARRAY_LENGTH(kept); at++) {
        Py_INCREF(kept[at]); /* for as long as the process lives: hooks can't be removed */
    }
    core = given;
    core.enforcing = enforcing;
    if (take_owners(owners, unowned, application) < 0 || start(readers, programs, loaded, unowned) < 0) {
        return NULL;
    }
    return Py_BuildValue("NNNN", PyCFunction_New(&answers_method, NULL), PyCFunction_New(&walk_method, NULL),
                         PyCFunction_New(&owner_method, NULL), PyCFunction_New(&own_method, NULL));
}

static PyObject *
new_busy(PyObject *Py_UNUSED(module), PyObject *Py_UNUSED(nothing))
{
    if (core.armed) {
        PyErr_SetString(PyExc_RuntimeError, "armed by another interpreter of this process");
        return NULL;
    }
    return (PyObject *)PyObject_New(PyObject, &BusyType);
}

static PyObject *
codes(PyObject *Py_UNUSED(module), PyObject *is_public)
{
    return frames_codes(PyObject_IsTrue(is_public) == 1);
}

static PyMethodDef methods[] = {
    {"install", (PyCFunction)(void (*)(void))install, METH_VARARGS | METH_KEYWORDS,
     PyDoc_STR("install(**parts) -> (answers, walk, owner_at, is_own); once a process")},
    {"new_busy", new_busy, METH_NOARGS, PyDoc_STR("Return the set of the threads that are inside the guard.")},
    {"carry_from", carry_from, METH_O, PyDoc_STR("carry_from(conclude) -> watch; once a process")},
    {"codes", codes, METH_O, PyDoc_STR("codes(public) -> the code objects of this thread's frames, by either API")},
    {"native_symbols", native_symbols, METH_NOARGS, PyDoc_STR("Return the names of native code that is known by its address.")},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT,
    .m_name = "importguard.core.ccore",
    .m_doc = PyDoc_STR("The core in C: see pycore for what it does, and module.c for what it is."),
    .m_size = -1,
    .m_methods = methods,
};

/* Pure functions, for the tests that hold them against their twins. */
static PyMethodDef *const twins[] = {
    readers_methods,
    twin_table_methods,
    owner_twins,
    blame_twins,
};

PyMODINIT_FUNC
PyInit_ccore(void)
{
    PyTypeObject *types[] = {&BusyType, &OriginType, &CarriedType};
    for (size_t at = 0; at < Py_ARRAY_LENGTH(types); at++) {
        if (PyType_Ready(types[at]) < 0) {
            return NULL;
        }
    }
    PyObject *module = PyModule_Create(&definition);
    for (size_t at = 0; module && at < Py_ARRAY_LENGTH(twins); at++) {
        if (PyModule_AddFunctions(module, twins[at]) < 0) {
            Py_CLEAR(module);
        }
    }
    return module;
}
