/* importguard.core.ccore: armed once a process, by install(); there is nothing here that changes it afterwards. */
#include "blame.h"
#include "board.h"
#include "carrier.h"
#include "filters.h"
#include "finder.h"
#include "judge.h"
#include "methods.h"
#include "owners.h"
#include "piece.h"
#include "question.h"
#include "readers.h"
#include "twin_table.h"

#define LARGE_BLOCK (512 << 10) /* bytes; few modules have as much bytecode */

/* Have the events read that could be refused to anybody; reading writes is how the guard knows what was written. */
static int
add_readers(PyObject *code_events)
{
    size_t count;
    const Reader *readers = readers_all(&count);
    for (size_t at = 0; at < count; at++) {
        bool is_wanted = (readers[at].asks & (1u << FS_WRITE)) || core.refuses_startup_files;
        for (int capability = 0; !readers[at].of_code && capability < CAPABILITY_COUNT; capability++) {
            is_wanted = is_wanted
                        || ((readers[at].asks & (1u << capability)) && table_watches_any(core.table, (Capability)capability));
        }
        if (readers[at].of_code) {
            PyObject *name = PyUnicode_FromString(readers[at].event);
            int found = name ? PySequence_Contains(code_events, name) : -1;
            Py_XDECREF(name);
            if (found < 0) {
                return -1;
            }
            is_wanted = found;
        }
        if (is_wanted && events_add(readers[at].event, (Event){READ, &readers[at]}) < 0) {
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
        if (events_add(own[at].name, (Event){own[at].role, NULL}) < 0) {
            return -1;
        }
    }
    for (Py_ssize_t at = 0; at < PyTuple_GET_SIZE(programs); at++) {
        const char *name = PyUnicode_AsUTF8(PyTuple_GET_ITEM(programs, at));
        if (!name || events_add(name, (Event){PROGRAM, NULL}) < 0) {
            return -1;
        }
    }
    return 0;
}

static int
make_places(void)
{
    static const struct {
        Meaning meaning;
        OwnerId owner;
    } first[] = {{OWNED, OWNER_UNOWNED}, {STDLIB, OWNER_UNOWNED}, {GUARD, OWNER_UNOWNED}, {MAIN, OWNER_MAIN}};
    for (size_t at = 0; at < Py_ARRAY_LENGTH(first); at++) {
        if (place_new(first[at].meaning, NULL, first[at].owner) != at + 1) {
            return -1;
        }
    }
    return 0;
}

/* The event of marshal.loads() has a copy of each module's bytecode made. The C library gives blocks of that size pages of their own until
 * one was given back (mallopt(3), "dynamic mmap threshold"), and the kernel fills them anew each time: have it learn that beforehand. */
static void
expect_large_blocks(void)
{
    void *volatile block = malloc(LARGE_BLOCK); /* or else the compiler leaves both out */
    free(block);
}

static int
start(PyObject *programs, PyObject *base, PyObject *code_events, double since)
{
    file_note_start(since);
    expect_large_blocks();
    if (interned_start() < 0 || tags_start() < 0 || pinned_start() < 0 || execution_start() < 0 || frames_check() < 0 || make_places() < 0
        || add_own_events(programs) < 0 || add_readers(code_events) < 0 || loaded_sweep(base) < 0) {
        return -1;
    }
    core.interpreter = PyThreadState_GetInterpreter(PyThreadState_Get());
    core.main_thread = PyThreadState_Get();
    if (PySys_AddAuditHook(hook, NULL) < 0 || creation_watch() < 0 || methods_start() < 0) {
        return -1;
    }
    core.armed = true;
    /* Where the kernel can't, they stay as they are: whoever writes to any memory can change the code as well. */
    events_seal();
    sealed_in_place(&core, sizeof core);
    return 0;
}

/* What install() is given, each by its name. */
typedef struct {
    PyObject *table, *candidate, *ledger, *rescan, *main_origin, *programs, *base, *code_events, *patches, *parts, *records;
    double since;
} Given;

/* Keep what outlives the call: hooks can't be removed. */
static void
keep_parts(void)
{
    PyObject *const parts[] = {core.report, core.look, core.patch, core.on_path, core.startup_file, core.tampered,
                               core.adopt, core.noticed, core.wheel_bytecode, core.pycache_prefix};
    for (size_t at = 0; at < Py_ARRAY_LENGTH(parts); at++) {
        Py_INCREF(parts[at]);
    }
}

/* Take over the parts of the guard that are loaded later, and where their code lies: sealed, and read when somebody asks. */
static int
take_later_parts(PyObject *parts)
{
    Piece piece;
    PyObject *place = PyDict_GetItemString(parts, "");
    core.parts = PyDict_Copy(parts);
    if (!core.parts || (place && piece_open(place, &piece) < 0)) {
        return -1;
    }
    PyObject_GC_UnTrack(core.parts);
    if (place) {
        core.parts_data = sealed_piece("", 0, &piece);
        core.parts_size = piece.size;
        piece_close(&piece);
    }
    return place && !core.parts_data ? (PyErr_NoMemory(), -1) : 0;
}

/* Keep where records go to; a name that can't be encoded is for Python's recorder to complain about. */
static void
take_records(PyObject *target)
{
    bool is_named = PyUnicode_CompareWithASCIIString(target, "stderr") != 0;
    core.records = is_named ? PyUnicode_IS_ASCII(target) ? PyUnicode_AsASCIIString(target) : PyUnicode_EncodeFSDefault(target) : NULL;
    PyErr_Clear();
}

static int
take_parts(const Given *given)
{
    keep_parts();
    take_records(given->records);
    core.finder = finder_new(given->patches);
    if (take_later_parts(given->parts) < 0) {
        return -1;
    }
    if (!core.finder || judge_start(given->table, given->candidate) < 0 || owners_start(given->ledger, given->rescan) < 0
        || blame_start(given->main_origin) < 0) {
        return -1;
    }
    return start(given->programs, given->base, given->code_events, given->since);
}

static PyObject *
install(PyObject *Py_UNUSED(module), PyObject *args, PyObject *options)
{
    static char *names[] = {
        "table",    "candidate", "ledger",       "rescan",   "main_origin", "programs",       "code_events",    "patches",
        "parts",    "base",      "report",       "look",     "patch",       "learn",          "on_path",        "startup_file",
        "tampered", "adopt",     "noticed",      "wheel_bytecode", "pycache_prefix", "enforcing", "refuses_startup_files",
        "examines_bytecode", "undoes_patches", "malicious", "asker", "imported", "since", "records", NULL,
    };
    Given given;
    Core parts = {0};
    PyObject *asker = Py_None, *imported = Py_None;
    int enforcing, refuses, examines, undoes, malicious;
    if (core.armed) {
        PyErr_SetString(PyExc_RuntimeError, "importguard: the C core is armed already");
        return NULL;
    }
    if (!PyArg_ParseTupleAndKeywords(
            args, options, "$OOO!OO!O!O!O!O!OOOOOOOOOOOOppppiOOdU", names, &given.table, &given.candidate, &PyTuple_Type,
            &given.ledger, &given.rescan, &PyTuple_Type, &given.main_origin, &PyTuple_Type, &given.programs,
            &PyTuple_Type, &given.code_events, &PyDict_Type, &given.patches, &PyDict_Type, &given.parts, &given.base,
            &parts.report, &parts.look, &parts.patch, &parts.learn, &parts.on_path, &parts.startup_file, &parts.tampered,
            &parts.adopt, &parts.noticed, &parts.wheel_bytecode, &parts.pycache_prefix, &enforcing, &refuses, &examines,
            &undoes, &malicious, &asker,
            &imported, &given.since, &given.records)
        || question_start(asker, &parts.asker) < 0) {
        return NULL;
    }
    core = parts;
    core.learn = Py_IsNone(parts.learn) ? NULL : Py_NewRef(parts.learn);
    core.imported = Py_IsNone(imported) ? NULL : Py_NewRef(imported);
    core.enforcing = enforcing;
    core.refuses_startup_files = refuses;
    core.examines_bytecode = examines;
    core.undoes_patches = undoes;
    core.malicious = malicious;
    return take_parts(&given) < 0 ? NULL : services();
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

static PyObject *
flat(PyObject *Py_UNUSED(module), PyObject *content)
{
    return table_flat(content);
}

static PyMethodDef methods[] = {
    {"table_flat", flat, METH_O, PyDoc_STR("table_flat(mapping) -> bytes that install() takes in its place")},
    {"install", (PyCFunction)(void (*)(void))install, METH_VARARGS | METH_KEYWORDS,
     PyDoc_STR("install(**parts) -> {name: service}; once a process")},
    {"new_busy", new_busy, METH_NOARGS, PyDoc_STR("Return the set of the threads that are inside the guard.")},
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

/* What other files add: filters, and pure functions for the tests that hold them against their twins. */
static PyMethodDef *const more[] = {
    board_methods,
    filters_methods,
    readers_methods,
    twin_table_methods,
    owner_twins,
    blame_twins,
};

#define SOUND_SINCE 0x030B01F0UL

PyMODINIT_FUNC
PyInit_ccore(void)
{
    if (Py_Version < SOUND_SINCE) {
        PyErr_SetString(PyExc_ImportError, "CPython 3.11.0 shows frames whose code is being freed (gh-99729); later ones don't");
        return NULL;
    }
    PyTypeObject *types[] = {&BusyType, &FinderType, &OriginType, &CarriedType};
    for (size_t at = 0; at < Py_ARRAY_LENGTH(types); at++) {
        if (PyType_Ready(types[at]) < 0) {
            return NULL;
        }
    }
    PyObject *module = PyModule_Create(&definition);
    for (size_t at = 0; module && at < Py_ARRAY_LENGTH(more); at++) {
        if (PyModule_AddFunctions(module, more[at]) < 0) {
            Py_CLEAR(module);
        }
    }
    return module;
}
