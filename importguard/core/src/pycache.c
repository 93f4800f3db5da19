/* Where bytecode of a source is cached, by its name and by where that lies in truth. */
#include "ccore.h"
#include "judge.h"
#include "paths.h"

#include <string.h>

/* Say whether a text has a part of another one, from that one's beginning, at a place. */
static bool
has_at(PyObject *text, Py_ssize_t at, PyObject *part, Py_ssize_t size)
{
    if (PyUnicode_GET_LENGTH(text) - at < size) {
        return false;
    }
    int kind = PyUnicode_KIND(text);
    if (kind == (int)PyUnicode_KIND(part)) {
        return memcmp((const char *)PyUnicode_DATA(text) + at * kind, PyUnicode_DATA(part), (size_t)(size * kind)) == 0;
    }
    Py_ssize_t same = 0;
    while (same < size && PyUnicode_READ_CHAR(text, at + same) == PyUnicode_READ_CHAR(part, same)) {
        same++;
    }
    return same == size;
}

/* Return where a text goes on behind another one that it holds at a place; -1 where it doesn't hold it there. */
static Py_ssize_t
behind(PyObject *text, Py_ssize_t at, PyObject *part, Py_ssize_t size)
{
    return at >= 0 && has_at(text, at, part, size) ? at + size : -1;
}

static Py_ssize_t
behind_word(PyObject *text, Py_ssize_t at, const char *word)
{
    Py_ssize_t size = (Py_ssize_t)strlen(word), same = 0;
    if (at < 0 || PyUnicode_GET_LENGTH(text) - at < size) {
        return -1;
    }
    while (same < size && PyUnicode_READ_CHAR(text, at + same) == (unsigned char)word[same]) {
        same++;
    }
    return same == size ? at + size : -1;
}

/* Return where the name of a file that lies where a source's folder is cached begins, -1 for a path elsewhere. */
static Py_ssize_t
behind_cache_folder(PyObject *bytecode, PyObject *source, Py_ssize_t slash)
{
    PyObject *prefix = core.pycache_prefix;
    Py_ssize_t at;
    if (prefix && PyUnicode_CheckExact(prefix)) {
        at = behind(bytecode, behind(bytecode, 0, prefix, PyUnicode_GET_LENGTH(prefix)), source, slash);
    }
    else {
        at = behind_word(bytecode, behind(bytecode, 0, source, slash), "/__pycache__");
    }
    return behind_word(bytecode, at, "/");
}

/* Say whether a .pyc lies where this interpreter caches that source: `pkg/__pycache__/name.cpython-...pyc`. */
bool
is_cache_of(PyObject *bytecode, PyObject *source)
{
    Py_ssize_t size = PyUnicode_GET_LENGTH(source), slash = PyUnicode_FindChar(source, '/', 0, size, -1);
    Py_ssize_t dot = PyUnicode_FindChar(source, '.', slash < 0 ? 0 : slash, size, 1), stem = slash + 1;
    Py_ssize_t at = behind_cache_folder(bytecode, source, slash < 0 ? 0 : slash);
    for (dot = dot < 0 ? size : dot; at >= 0 && stem < dot; at++, stem++) {
        if (at >= PyUnicode_GET_LENGTH(bytecode) || PyUnicode_READ_CHAR(bytecode, at) != PyUnicode_READ_CHAR(source, stem)) {
            return false;
        }
    }
    at = behind_word(bytecode, at, ".cpython-");
    return at >= 0 && PyUnicode_FindChar(bytecode, '/', at, PyUnicode_GET_LENGTH(bytecode), 1) < 0;
}

/* Give the folder of a file without links; returns 0, or -1 with an exception set. */
static int
folder_of(PyObject *path, Buffer *real)
{
    Text name;
    PyObject *keeper;
    if (text_of_name(path, &name, &keeper) < 0) {
        return -1;
    }
    size_t slash = text_last(name, '/');
    int result = paths_real_folder((Text){name.data, slash ? slash - 1 : 0}, real);
    Py_XDECREF(keeper);
    return result;
}

/* Give where the cache of a source's folder lies if no link is in the way; returns 0, or -1 with an exception set. */
static int
usual_folder(PyObject *source, Buffer *folder)
{
    static const char usual[] = "/__pycache__";
    PyObject *prefix = core.pycache_prefix;
    Text name;
    PyObject *keeper;
    if (!prefix || !PyUnicode_CheckExact(prefix)) {
        return folder_of(source, folder) < 0 ? -1 : buffer_add(folder, usual, sizeof usual - 1);
    }
    if (text_of_name(prefix, &name, &keeper) < 0) {
        return -1;
    }
    int result = paths_real_folder(name, folder);
    Py_XDECREF(keeper);
    if (result < 0 || text_of_name(source, &name, &keeper) < 0) {
        return -1;
    }
    size_t slash = text_last(name, '/');
    result = buffer_add(folder, name.data, slash ? slash - 1 : 0);
    Py_XDECREF(keeper);
    return result;
}

static bool
is_fresh_folder(const Buffer *folder)
{
    struct stat status;
    return lstat(folder->data, &status) != 0 || file_is_fresh(&status);
}

/* Say whether a .pyc that is_cache_of a source lies where its name says, by no link to somebody else's folder. Bytecode that `is_by_hash`
 * could have been brought along with its folder, which is told by when that was changed; what is by time is checked by the source's. */
bool
cache_lies_there(PyObject *bytecode, PyObject *source, bool is_by_hash)
{
    Buffer real, usual;
    buffer_start(&real);
    buffer_start(&usual);
    bool result = folder_of(bytecode, &real) == 0 && usual_folder(source, &usual) == 0
                  && text_same(buffer_text(&real), buffer_text(&usual)) && !(is_by_hash && is_fresh_folder(&real));
    PyErr_Clear();
    buffer_end(&real);
    buffer_end(&usual);
    return result;
}
