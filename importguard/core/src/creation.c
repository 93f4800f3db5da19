/* Every way in which a code object comes to be, or comes to run, and the tag that it gets there. */
#include "builtins.h"

#include <dlfcn.h>
#include <string.h>
#include <sys/stat.h>

Pinned pinned;

/* The frame of the import system in which a builtin makes the code of a module; its owner is proven when it is made. */
static _Thread_local void *making;

/* Which code the interpreter itself runs next, with no Python frame below it. */
static enum { NOT_YET, NEXT_CODE, NEXT_MODULE, EVERY_LINE, HAS_RUN } program;
static bool is_interactive;
static int untouched_depth; /* what a thread may still recurse while nothing has been called on it */

/* importlib asking for one of the interpreter's own frozen modules, by its name and nothing more. */
static bool
is_frozen_import(const Cursor *cursor)
{
    if (cursor->code != pinned.call_removed) {
        return false;
    }
    PyObject *function = cursor_local(cursor, "f"), *args = cursor_local(cursor, "args");
    bool result = function && PyCFunction_CheckExact(function) && args && PyTuple_CheckExact(args)
                  && PyTuple_GET_SIZE(args) == 1
                  && ((PyCFunctionObject *)function)->m_ml->ml_meth == pinned.get_frozen;
    Py_XDECREF(function);
    Py_XDECREF(args);
    return result;
}

/* zipimport on its way through _get_module_code(self, ...): the file that it says it reads, if that is in its archive. */
static PyObject *
zipped_file(const Cursor *cursor)
{
    Cursor outer;
    PyObject *path = NULL;
    if (cursor->code != pinned.zip_unmarshal && cursor->code != pinned.zip_compile) {
        return NULL;
    }
    cursor_start(&outer, NULL);
    cursor_back(&outer);
    PyObject *importer = outer.code == pinned.zip_find ? cursor_local(&outer, "self") : NULL;
    PyObject *values = importer ? PyObject_GenericGetDict(importer, NULL) : NULL;
    PyObject *archive = values ? PyDict_GetItemString(values, "archive") : NULL;
    if (archive && PyUnicode_CheckExact(archive)) {
        path = cursor_local(cursor, "pathname");
        Py_ssize_t size = PyUnicode_GET_LENGTH(archive);
        if (!path || !PyUnicode_CheckExact(path) || PyUnicode_Tailmatch(path, archive, 0, size, -1) != 1) {
            Py_CLEAR(path);
        }
    }
    PyErr_Clear();
    Py_XDECREF(values);
    Py_XDECREF(importer);
    cursor_end(&outer);
    return path;
}

/* Code from a zip file is its place's owner's, when it is imported; unpacking can't be proven like reading a file. */
static Tag
tag_of_zipped(PyObject *path, Tag maker)
{
    size_t place = 0;
    if (PLACE_OF(maker) == UNOWNED_PLACE) {
        place = place_of_path(path);
        PyErr_Clear();
    }
    Py_DECREF(path);
    return place ? TAG_OF(place) : maker;
}

static Tag
tag_of_new_code(void)
{
    PyObject *zipped;
    Cursor cursor;
    Tag tag;
    cursor_start(&cursor, NULL);
    if (cursor.code && cursor_identity(&cursor) == making) {
        tag = TAG_OF(UNOWNED_PLACE) | MADE; /* for as long as nothing is proven */
    }
    else if (cursor.code && is_frozen_import(&cursor)) {
        tag = TAG_OF(STDLIB_PLACE);
    }
    else {
        tag = maker_of_code(false);
        if (cursor.code && (zipped = zipped_file(&cursor))) {
            tag = tag_of_zipped(zipped, tag);
        }
    }
    cursor_end(&cursor);
    return tag;
}

static _PyCFunctionFastWithKeywords real_compile;

static bool
is_watched(void)
{
    return core.armed && PyThreadState_GetInterpreter(PyThreadState_Get()) == core.interpreter;
}

#if PY_VERSION_HEX >= 0x030C0000

static int
on_code(PyCodeEvent event, PyCodeObject *code)
{
    if (event == PY_CODE_EVENT_CREATE && tag_set_untagged(code, tag_of_new_code()) < 0) {
        PyErr_Clear(); /* no memory: without a tag the code is unowned */
    }
    return 0;
}

#define with_tag(result) (result)

#else

/* 3.11 tells nobody of new code: look at what the builtins that make it give back. */
static PyCFunction real_load;
static _PyCFunctionFastWithKeywords real_replace;

static PyObject *
with_tag(PyObject *result)
{
    if (result && PyCode_Check(result) && is_watched()
        && tag_set_untagged((PyCodeObject *)result, tag_of_new_code()) < 0) {
        PyErr_Clear();
    }
    return result;
}

static PyObject *
load(PyObject *self, PyObject *file)
{
    return with_tag(real_load(self, file));
}

static PyObject *
replace(PyObject *self, PyObject *const *args, Py_ssize_t size, PyObject *names)
{
    return with_tag(real_replace(self, args, size, names));
}

#endif

/* Return the identity of the innermost frame if it is one of a function of the import system, else NULL. */
static void *
import_frame(const PyCodeObject *function)
{
    Cursor cursor;
    cursor_start(&cursor, NULL);
    void *frame = is_watched() && cursor.code == function ? cursor_identity(&cursor) : NULL;
    cursor_end(&cursor);
    return frame;
}

/* Code that no file can be shown to hold belongs to whoever had it made. */
static void
tag_proven(PyObject *code, Tag tag)
{
    if (tag_set_all((PyCodeObject *)code, tag == NO_TAG ? maker_of_code(false) : tag) < 0) {
        PyErr_Clear();
    }
}

/* Tag what marshal.loads(data) gave, which was called from `frame`; returns it. */
static PyObject *
loaded(PyObject *result, PyObject *data, void *frame)
{
    if (frame && result && PyCode_Check(result)) {
        tag_proven(result, proof_of_loaded(data, result));
    }
    return result;
}

#if PY_VERSION_HEX >= 0x030D0000
#define LOADS_FLAGS (METH_FASTCALL | METH_KEYWORDS)
static _PyCFunctionFastWithKeywords real_loads;

static PyObject *
loads(PyObject *self, PyObject *const *args, Py_ssize_t size, PyObject *names)
{
    void *before = making, *frame = making = import_frame(pinned.compile_bytecode);
    PyObject *result = real_loads(self, args, size, names);
    making = before;
    return size > 0 ? loaded(result, args[0], frame) : result;
}

#else
#define LOADS_FLAGS METH_O
static PyCFunction real_loads;

static PyObject *
loads(PyObject *self, PyObject *data)
{
    void *before = making, *frame = making = import_frame(pinned.compile_bytecode);
    PyObject *result = with_tag(real_loads(self, data));
    making = before;
    return loaded(result, data, frame);
}

#endif

static PyObject *
compile(PyObject *self, PyObject *const *args, Py_ssize_t size, PyObject *names)
{
    void *before = making, *frame = making = import_frame(pinned.call_removed);
    PyObject *result = with_tag(real_compile(self, args, size, names));
    making = before;
    if (frame && size > 0 && result && PyCode_Check(result)) {
        tag_proven(result, proof_of_compiled(args[0]));
    }
    return result;
}

static int
divert(PyObject *holder, const char *name, int flags, void *function, void *real)
{
    PyObject *builtin = holder ? PyObject_GetAttrString(holder, name) : NULL;
    int result = builtin_divert(builtin ? builtin_definition(builtin) : NULL, name, flags, function, real);
    Py_XDECREF(builtin);
    return result;
}

static int
watch_all_code(PyObject *marshal)
{
#if PY_VERSION_HEX >= 0x030C0000
    (void)marshal;
    return PyCode_AddWatcher(on_code) < 0 ? -1 : 0;
#else
    const int fast = METH_FASTCALL | METH_KEYWORDS;
    return divert(marshal, "load", METH_O, (void *)load, &real_load) < 0
                   || divert((PyObject *)&PyCode_Type, "replace", fast, (void *)replace, &real_replace) < 0
               ? -1
               : 0;
#endif
}

int
creation_watch(void)
{
    const int fast = METH_FASTCALL | METH_KEYWORDS;
    PyObject *marshal = PyImport_ImportModule("marshal"), *builtins = PyImport_ImportModule("builtins");
    int result = -1;
    if (divert(marshal, "loads", LOADS_FLAGS, (void *)loads, &real_loads) == 0
        && divert(builtins, "compile", fast, (void *)compile, &real_compile) == 0) {
        result = watch_all_code(marshal);
    }
    Py_XDECREF(marshal);
    Py_XDECREF(builtins);
    return result;
}

/* Code that lies in the interpreter's own binary: frozen modules of 3.11 and 3.12. Nothing is ever made there. */
static bool
is_static(PyCodeObject *code)
{
    Dl_info found;
    return dladdr((void *)code, &found) != 0;
}

static int
depth_left(const PyThreadState *thread)
{
#if PY_VERSION_HEX >= 0x030C0000
    return thread->c_recursion_remaining;
#else
    return thread->recursion_remaining - thread->recursion_limit; /* which sys.setrecursionlimit changes together */
#endif
}

/* Learn from a thread that never runs how deep one may go. */
static int
learn_depth(void)
{
    PyThreadState *fresh = PyThreadState_New(PyThreadState_GetInterpreter(PyThreadState_Get()));
    if (!fresh) {
        PyErr_NoMemory();
        return -1;
    }
    untouched_depth = depth_left(fresh);
    PyThreadState_Clear(fresh);
    PyThreadState_Delete(fresh);
    return 0;
}

/* Say whether it is the interpreter itself that acts. No frame is no proof: builtins can be put together so that they
 * run code, and an object whose attributes are such builtins can lie wherever the interpreter calls or drops one. */
static bool
is_interpreter_acting(void)
{
    PyThreadState *thread = PyThreadState_Get();
    Cursor cursor;
    cursor_start(&cursor, NULL);
    bool has_frame = cursor.code != NULL;
    cursor_end(&cursor);
    return !has_frame && thread == core.main_thread && depth_left(thread) == untouched_depth;
}

static bool
is_library_frame(const Cursor *cursor, const char *name)
{
    return cursor->code && PyUnicode_CompareWithASCIIString(cursor->code->co_name, name) == 0
           && place_at(tag_get(cursor->code))->meaning == STDLIB && !(tag_get(cursor->code) & MADE);
}

/* Say whether `site` is reading a start-up file. */
bool
creation_site_reads(void)
{
    Cursor cursor;
    cursor_start(&cursor, NULL);
    bool result = is_library_frame(&cursor, "addpackage");
    cursor_end(&cursor);
    return result;
}

/* `python -m`: runpy's own frames and nothing below them. */
static bool
is_program_module(void)
{
    Cursor cursor;
    bool is_library = program == NEXT_MODULE, is_started = false;
    cursor_start(&cursor, NULL);
    is_library = is_library && is_library_frame(&cursor, "_run_code");
    for (; is_library && cursor.code; cursor_back(&cursor)) {
        is_library = place_at(tag_get(cursor.code))->meaning == STDLIB;
        is_started = is_library_frame(&cursor, "_run_module_as_main");
    }
    cursor_end(&cursor);
    return is_library && is_started;
}

/* Say whether it is the interpreter itself that raises an event of START_OF_PROGRAM; sys.audit can raise any. */
bool
creation_program_starts(const char *event)
{
    if (!is_interpreter_acting() || (program == HAS_RUN && !is_interactive)) {
        return false;
    }
    if (strcmp(event, "cpython.run_file") == 0 || strcmp(event, "cpython.run_command") == 0) {
        program = NEXT_CODE;
    }
    else if (strcmp(event, "cpython.run_module") == 0) {
        program = NEXT_MODULE;
    }
    else {
        program = EVERY_LINE;
    }
    return true;
}

static int
run_from_nowhere(PyCodeObject *code)
{
    if ((program != NEXT_CODE && program != EVERY_LINE) || !is_interpreter_acting()
        || (program == NEXT_CODE && !program_is_typed(NULL))) {
        return tag_set_untagged(code, TAG_OF(UNOWNED_PLACE) | MADE);
    }
    program = program == NEXT_CODE ? HAS_RUN : program;
    return tag_set_all(code, TAG_OF(MAIN_PLACE));
}

/* A line of a start-up file, which `site` executes in addpackage(sitedir, name, known_paths). */
static int
run_startup_line(PyCodeObject *code, const Cursor *cursor)
{
    PyObject *path = cursor_local(cursor, "fullname");
    size_t place = path && PyUnicode_CheckExact(path) ? place_new(STARTUP_FILE, path, NULL) : UNOWNED_PLACE;
    Py_XDECREF(path);
    return place ? tag_set_all(code, TAG_OF(place)) : -1;
}

static bool
is_file(PyObject *path)
{
    struct stat status;
    const char *text = PyUnicode_AsUTF8(path);
    bool result = text && stat(text, &status) == 0 && S_ISREG(status.st_mode);
    PyErr_Clear();
    return result;
}

/* Code that was made by one who runs other people's code: it is the file's owner's, or whoever's wanted it run. */
static Tag
tag_for_runner(PyCodeObject *code)
{
    Tag tag = maker_of_code(true);
    Meaning meaning = place_at(tag)->meaning;
    bool is_for_the_program = meaning == MAIN || meaning == APPLICATION;
    if (is_for_the_program && PyUnicode_CheckExact(code->co_filename) && is_file(code->co_filename)) {
        size_t place = place_of_path(code->co_filename);
        if (place) {
            return TAG_OF(place);
        }
        PyErr_Clear();
    }
    return tag;
}

/* Make sure that code has an owner before it runs. */
static int
settle(PyCodeObject *code)
{
    Tag tag = tag_get(code);
    if (tag == NO_TAG) {
        tag = is_static(code) ? TAG_OF(STDLIB_PLACE) : maker_of_code(false);
        if (tag_set_untagged(code, tag) < 0) {
            return -1;
        }
    }
    if ((tag & MADE) && place_at(tag)->meaning == RUNNER) {
        tag = tag_for_runner(code);
        if (tag_set_all(code, tag) < 0) {
            return -1;
        }
    }
    Place *place = place_at(tag);
    if (place->meaning == UNRESOLVED && place->path) {
        place_resolve(place);
    }
    return 0;
}

/* What runpy runs for `python -m`. Whose loader found it is another question: code that was made is not the program. */
static int
run_program_module(PyCodeObject *code)
{
    program = HAS_RUN;
    if (settle(code) < 0) {
        return -1;
    }
    Tag tag = tag_get(code);
    const Place *place = place_at(tag);
    bool is_library = place->meaning == STDLIB && !(tag & MADE);
    PyObject *path = Py_XNewRef((tag & MADE) ? NULL : place->path);
    bool is_program = is_library || program_is_typed(path ? path : Py_None);
    Py_XDECREF(path);
    return is_program ? tag_set_all(code, TAG_OF(MAIN_PLACE)) : 0;
}

static PyCodeObject *
code_in(PyObject *args, Py_ssize_t at)
{
    PyObject *value = PyTuple_GET_SIZE(args) > at ? PyTuple_GET_ITEM(args, at) : NULL;
    return value && PyCode_Check(value) ? (PyCodeObject *)value : NULL;
}

/* exec(code): module bodies, start-up lines, the program itself, and whatever a package wants run. */
int
creation_on_exec(PyObject *args)
{
    PyCodeObject *code = code_in(args, 0);
    Cursor cursor;
    int result;
    if (!code) {
        return 0;
    }
    cursor_start(&cursor, NULL);
    if (!cursor.code) {
        result = run_from_nowhere(code);
    }
    else if (is_library_frame(&cursor, "addpackage")) {
        result = run_startup_line(code, &cursor);
    }
    else if (is_program_module()) {
        result = run_program_module(code);
    }
    else {
        result = settle(code);
    }
    cursor_end(&cursor);
    return result;
}

int
creation_on_function(PyObject *args)
{
    PyCodeObject *code = code_in(args, 0);
    return code ? settle(code) : 0;
}

/* function.__code__ = code */
int
creation_on_set_attribute(PyObject *args)
{
    PyCodeObject *code = code_in(args, 2);
    return code ? settle(code) : 0;
}

static PyCodeObject *
code_at(PyObject *module, const char *type, const char *name)
{
    PyObject *holder = type ? PyObject_GetAttrString(module, type) : Py_NewRef(module);
    PyObject *function = holder ? PyObject_GetAttrString(holder, name) : NULL;
    PyObject *code = function && PyFunction_Check(function) ? PyFunction_GET_CODE(function) : NULL;
    Py_XDECREF(holder);
    Py_XDECREF(function);
    if (!code && !PyErr_Occurred()) {
        PyErr_Format(PyExc_RuntimeError, "importlib has no function %s", name);
    }
    return (PyCodeObject *)Py_XNewRef(code);
}

static int
pin_from(PyObject *bootstrap, PyObject *external, PyObject *imp)
{
    pinned.import_globals[0] = PyModule_GetDict(bootstrap);
    pinned.import_globals[1] = PyModule_GetDict(external);
    pinned.load_unlocked = code_at(bootstrap, NULL, "_load_unlocked");
    pinned.exec_body = pinned.load_unlocked ? code_at(bootstrap, NULL, "_exec") : NULL;
    pinned.call_removed = pinned.exec_body ? code_at(bootstrap, NULL, "_call_with_frames_removed") : NULL;
    pinned.compile_bytecode = pinned.call_removed ? code_at(external, NULL, "_compile_bytecode") : NULL;
    pinned.source_to_code = pinned.compile_bytecode ? code_at(external, "SourceLoader", "source_to_code") : NULL;
    PyObject *frozen = pinned.source_to_code ? PyObject_GetAttrString(imp, "get_frozen_object") : NULL;
    if (frozen && PyCFunction_CheckExact(frozen)) {
        pinned.get_frozen = ((PyCFunctionObject *)frozen)->m_ml->ml_meth;
    }
    Py_XDECREF(frozen);
    return frozen ? 0 : -1;
}

static int
pin_from_zip(PyObject *zipimport)
{
    pinned.zip_unmarshal = code_at(zipimport, NULL, "_unmarshal_code");
    pinned.zip_compile = pinned.zip_unmarshal ? code_at(zipimport, NULL, "_compile_source") : NULL;
    pinned.zip_find = pinned.zip_compile ? code_at(zipimport, NULL, "_get_module_code") : NULL;
    return pinned.zip_find ? 0 : -1;
}

/* Remember the functions of the import system by their code, which has no other copy. */
int
creation_pin(void)
{
    file_note_start();
    if (learn_depth() < 0) {
        return -1;
    }
    PyObject *bootstrap = PyImport_ImportModule("_frozen_importlib");
    PyObject *external = bootstrap ? PyImport_ImportModule("_frozen_importlib_external") : NULL;
    PyObject *imp = external ? PyImport_ImportModule("_imp") : NULL;
    PyObject *zipimport = imp ? PyImport_ImportModule("zipimport") : NULL;
    int result = zipimport && pin_from_zip(zipimport) == 0 ? pin_from(bootstrap, external, imp) : -1;
    Py_XDECREF(zipimport);
    Py_XDECREF(bootstrap);
    Py_XDECREF(external);
    Py_XDECREF(imp);
    PyObject *flags = result == 0 ? PySys_GetObject("flags") : NULL;
    PyObject *inspect = flags ? PyObject_GetAttrString(flags, "inspect") : NULL;
    is_interactive = inspect && PyObject_IsTrue(inspect) == 1;
    Py_XDECREF(inspect);
    PyErr_Clear();
    return result;
}
