/* Whether code is what a file holds: asked once it is made, of what the real builtins gave back for which bytes.
 *
 * Neither the event of marshal.loads and compile nor the frame that it comes from proves anything about code: in that
 * frame builtins may raise the event and make code of another kind, and a buffer may change after its event. */
#include "ccore.h"

#include <string.h>

#define HEADER 16 /* bytes of a .pyc in front of the code */
#define FLAGS 4   /* where its flags are, among these */

/* Return the tag of a file that holds the code, or NO_TAG where its path leads to another one by now. */
static Tag
tag_of_file(PyObject *path, const struct stat *status)
{
    size_t place = place_of_file(path, status);
    PyErr_Clear();
    return place ? TAG_OF(place) : NO_TAG;
}

/* Return the list that the compiler's warnings go through (new reference), or NULL without an exception. */
static PyObject *
filters_of_warnings(void)
{
    static const char *const names[] = {"warnings", "_warnings"};
    PyObject *module = NULL, *filters = NULL;
    for (size_t at = 0; !module && at < Py_ARRAY_LENGTH(names); at++) {
        PyObject *name = PyUnicode_FromString(names[at]);
        module = name ? PyImport_GetModule(name) : NULL;
        Py_XDECREF(name);
    }
    if (module && PyModule_Check(module)) {
        filters = Py_XNewRef(PyDict_GetItemString(PyModule_GetDict(module), "filters"));
    }
    Py_XDECREF(module);
    PyErr_Clear();
    return filters;
}

/* Take an entry out of a list, wherever it is by now. */
static void
take_out(PyObject *list, PyObject *entry)
{
    for (Py_ssize_t at = 0; at < PyList_GET_SIZE(list); at++) {
        if (PyList_GET_ITEM(list, at) == entry) {
            (void)PyList_SetSlice(list, at, at + 1, NULL);
            return;
        }
    }
}

/* Compile without a warning: whoever has made the bytecode was warned, and as an error it would stand in the way of the proof. */
static PyObject *
compile_quietly(const char *content, PyObject *source)
{
    PyCompilerFlags flags = {0, PY_MINOR_VERSION};
    PyObject *filters = filters_of_warnings(), *entry = NULL;
    if (filters && PyList_CheckExact(filters)) {
        entry = Py_BuildValue("(sOOOi)", "ignore", Py_None, PyExc_Warning, Py_None, 0);
    }
    if (entry && PyList_Insert(filters, 0, entry) < 0) {
        Py_CLEAR(entry);
    }
    PyErr_Clear();
    PyObject *code = Py_CompileStringObject(content, source, Py_file_input, &flags, -1);
    PyErr_Clear();
    if (entry) {
        take_out(filters, entry);
    }
    PyErr_Clear();
    Py_XDECREF(entry);
    Py_XDECREF(filters);
    return code;
}

/* Return new code made of a source file, or NULL without an exception; what the kernel says of the file goes to `status`. */
static PyObject *
compile_again(PyObject *source, struct stat *status)
{
    PyObject *content = file_content(source, status), *code = NULL;
    PyErr_Clear();
    if (content && strlen(PyBytes_AS_STRING(content)) == (size_t)PyBytes_GET_SIZE(content)) {
        code = compile_quietly(PyBytes_AS_STRING(content), source);
    }
    Py_XDECREF(content);
    return code;
}

/* Say whether code is what its source says. */
static bool
is_compiled_from(PyObject *code, PyObject *source, struct stat *status)
{
    PyObject *again = compile_again(source, status);
    bool result = again && PyObject_RichCompareBool(code, again, Py_EQ) == 1;
    PyErr_Clear();
    Py_XDECREF(again);
    return result;
}

static bool
has_same_owner(Tag tag, Tag other)
{
    const Place *place = tag != NO_TAG ? place_at(tag) : NULL, *another = other != NO_TAG ? place_at(other) : NULL;
    return place && another && place->meaning == another->meaning && place->number == another->number;
}

/* Say whether the flags in front of bytecode have it compared with a hash of its source, or with nothing: then nothing ties it to the
 * source that lies here, and a wheel can have brought it. */
static bool
is_by_hash(PyObject *whole)
{
    return PyBytes_AS_STRING(whole)[FLAGS] != 0;
}

/* Return the tag for code that a .pyc holds: its source's, where it lies as that one's cache. Bytecode that was written while
 * the command runs, by this process or one before, may be anybody's, and so may what lies beside a link to a source that is
 * somebody else's, in a folder that is elsewhere by a link, or one that was put there meanwhile, and what a source was made to fit: it counts if it is what
 * that source says. */
static Tag
tag_of_bytecode(PyObject *code, PyObject *bytecode, PyObject *source, const struct stat *status, bool is_by_hash)
{
    struct stat own;
    bool is_link = false;
    if (!source || !PyUnicode_CheckExact(source) || !is_cache_of(bytecode, source)) {
        return tag_of_file(bytecode, status);
    }
    bool is_fresh = file_is_fresh(status) || !cache_lies_there(bytecode, source, is_by_hash);
    bool is_seen = !is_fresh && (place_is_expected(source, &own) || file_or_link_status(source, &own, &is_link));
    if (is_seen && !file_is_fresh(&own)) {
        Tag tag = tag_of_file(source, &own);
        if (!is_link || has_same_owner(tag, tag_of_file(bytecode, status))) {
            return tag;
        }
    }
    return is_compiled_from(code, source, &own) ? tag_of_file(source, &own) : NO_TAG;
}

/* Say whether what lies behind the header of `whole` is what a .pyc holds. */
static bool
is_content(PyObject *whole, const Py_buffer *view, PyObject *bytecode, struct stat *status)
{
    bool is_rest = PyBytes_GET_SIZE(whole) == HEADER + view->len && view->buf == PyBytes_AS_STRING(whole) + HEADER;
    return (is_rest && contents_are_of(whole, bytecode, status)) || file_holds(bytecode, HEADER, view->buf, (size_t)view->len, status);
}

/* Return the tag for what marshal.loads(data) gave to importlib's _compile_bytecode(data, name, bytecode_path,
 * source_path), which is the innermost frame; NO_TAG where nothing is proven. */
Tag
proof_of_loaded(PyObject *data, PyObject *code)
{
    Cursor cursor;
    Tag tag = NO_TAG;
    /* A view of bytes, which can't change: importlib cuts off the header. */
    PyObject *base = PyMemoryView_Check(data) ? PyMemoryView_GET_BASE(data) : NULL;
    struct stat status;
    Py_buffer view;
    if (!base || !PyBytes_CheckExact(base) || PyObject_GetBuffer(data, &view, PyBUF_SIMPLE) < 0) {
        PyErr_Clear();
        return NO_TAG;
    }
    cursor_start(&cursor, NULL);
    PyObject *bytecode = cursor_local(&cursor, interned.bytecode_path), *source = cursor_local(&cursor, interned.source_path);
    cursor_end(&cursor);
    if (bytecode && PyUnicode_CheckExact(bytecode) && is_content(base, &view, bytecode, &status)) {
        tag = tag_of_bytecode(code, bytecode, source, &status, is_by_hash(base));
    }
    Py_XDECREF(bytecode);
    Py_XDECREF(source);
    PyBuffer_Release(&view);
    return tag;
}

/* Return the tag for what compile(data, ...) gave to importlib's source_to_code(self, data, path), which called it by
 * way of _call_with_frames_removed, the innermost frame; NO_TAG where nothing is proven. */
Tag
proof_of_compiled(PyObject *data)
{
    Cursor cursor;
    struct stat status;
    Tag tag = NO_TAG;
    cursor_start(&cursor, NULL);
    cursor_back(&cursor);
    PyObject *path = cursor.code == pinned.source_to_code ? cursor_local(&cursor, interned.path) : NULL;
    if (path && PyUnicode_CheckExact(path) && PyBytes_CheckExact(data)
        && (contents_are_of(data, path, &status)
            || file_holds(path, 0, PyBytes_AS_STRING(data), (size_t)PyBytes_GET_SIZE(data), &status))) {
        tag = tag_of_file(path, &status);
    }
    Py_XDECREF(path);
    cursor_end(&cursor);
    return tag;
}
