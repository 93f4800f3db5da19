/* Every way in which a code object comes to be, and the tag that it gets there. */
#include "builtins.h"
#include "finder.h"

/* The frame of the import system in which a builtin makes the code of a module; its owner is proven when it is made. */
static _Thread_local void *making;

/* Say whether a path leads into an archive, which is a file, and not out of it again by its dots. */
static bool
lies_in_archive(PyObject *path, PyObject *archive)
{
    Py_ssize_t size = PyUnicode_GET_LENGTH(archive), end = PyUnicode_GET_LENGTH(path);
    struct stat status;
    if (!size || end <= size || PyUnicode_Tailmatch(path, archive, 0, size, -1) != 1 || PyUnicode_READ_CHAR(path, size) != '/') {
        return false;
    }
    PyObject *up = PyUnicode_FromString("/../");
    Py_ssize_t found = up ? PyUnicode_Find(path, up, size, end, 1) : 0;
    PyErr_Clear();
    Py_XDECREF(up);
    return found == -1 && file_status(archive, &status) && S_ISREG(status.st_mode);
}

static bool
is_of_zipimport(const Cursor *cursor, const PyCodeObject *code)
{
    PyObject *globals = cursor->code == code ? cursor_globals(cursor) : NULL;
    Py_XDECREF(globals);
    return globals && globals == pinned.zip_globals;
}

/* zipimport on its way through _get_module_code(self, ...): the file that it says it reads, if that is in its archive. */
static PyObject *
zipped_file(const Cursor *cursor)
{
    Cursor outer;
    PyObject *path = NULL;
    if (!is_of_zipimport(cursor, pinned.zip_unmarshal) && !is_of_zipimport(cursor, pinned.zip_compile)) {
        return NULL;
    }
    cursor_start(&outer, NULL);
    cursor_back(&outer);
    PyObject *importer = is_of_zipimport(&outer, pinned.zip_find) ? cursor_local(&outer, interned.self) : NULL;
    PyObject *values = importer ? PyObject_GenericGetDict(importer, NULL) : NULL;
    PyObject *archive = values ? PyDict_GetItemString(values, "archive") : NULL;
    if (archive && PyUnicode_CheckExact(archive)) {
        path = cursor_local(cursor, interned.pathname);
        if (!path || !PyUnicode_CheckExact(path) || !lies_in_archive(path, archive)) {
            Py_CLEAR(path);
        }
    }
    PyErr_Clear();
    Py_XDECREF(values);
    Py_XDECREF(importer);
    cursor_end(&outer);
    return path;
}

/* Code from a zip file is its place's owner's, when it is imported or the application has it made; unpacking can't be proven like
 * reading a file, so that anybody else's stays his. */
static Tag
tag_of_zipped(PyObject *path, Tag maker)
{
    Meaning meaning = place_at(maker)->meaning;
    size_t place = 0;
    if (PLACE_OF(maker) == UNOWNED_PLACE || meaning == MAIN || meaning == APPLICATION) {
        place = place_in_archive(path);
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

#if PY_VERSION_HEX >= 0x030D0000
#define LOADS_FLAGS (METH_FASTCALL | METH_KEYWORDS)
static _PyCFunctionFastWithKeywords real_loads;

static PyObject *
loads_itself(PyObject *self, PyObject *data)
{
    return real_loads(self, &data, 1, NULL);
}

#else
#define LOADS_FLAGS METH_O
static PyCFunction real_loads;
#define loads_itself(self, data) real_loads(self, data)
#endif

/* Do for the import system what marshal.loads(data) does, in its innermost frame: look at the data first, and tag what it
 * gives. */
static PyObject *
load_module(PyObject *self, PyObject *data, void *frame)
{
    void *before = making;
    if (finder_look_at_bytecode(data) < 0) {
        return NULL;
    }
    making = frame;
    PyObject *result = loads_itself(self, data);
    making = before;
    if (result && PyCode_Check(result)) {
        tag_proven(result, proof_of_loaded(data, result));
    }
    return result;
}

#if PY_VERSION_HEX >= 0x030D0000

static PyObject *
loads(PyObject *self, PyObject *const *args, Py_ssize_t size, PyObject *names)
{
    void *frame = size == 1 && !names ? import_frame(pinned.compile_bytecode) : NULL;
    return frame ? load_module(self, args[0], frame) : real_loads(self, args, size, names);
}

#else

static PyObject *
loads(PyObject *self, PyObject *data)
{
    void *frame = import_frame(pinned.compile_bytecode);
    return frame ? load_module(self, data, frame) : with_tag(real_loads(self, data));
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

static _PyCFunctionFast real_get_frozen;

/* One of the interpreter's own frozen modules, whoever asks for it by its name and nothing more. What lies in the interpreter's
 * binary needs no tag. */
static PyObject *
get_frozen(PyObject *self, PyObject *const *args, Py_ssize_t size)
{
    PyObject *result = real_get_frozen(self, args, size);
    if (size == 1 && result && PyCode_Check(result) && is_watched()
        && tag_get((PyCodeObject *)result) != TAG_OF(STDLIB_PLACE)
        && tag_set_all((PyCodeObject *)result, TAG_OF(STDLIB_PLACE)) < 0) {
        PyErr_Clear();
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
    PyObject *imp = PyImport_ImportModule("_imp");
    int result = -1;
    if (contents_watch() == 0 && divert(marshal, "loads", LOADS_FLAGS, (void *)loads, &real_loads) == 0
        && divert(builtins, "compile", fast, (void *)compile, &real_compile) == 0
        && divert(imp, "get_frozen_object", METH_FASTCALL, (void *)get_frozen, &real_get_frozen) == 0) {
        result = watch_all_code(marshal);
    }
    Py_XDECREF(marshal);
    Py_XDECREF(builtins);
    Py_XDECREF(imp);
    return result;
}
