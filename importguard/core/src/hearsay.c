/* Files that the library opens by hearsay: code said in a traceback that it came from there, or a table of the library's names it.
 * Whoever has a traceback shown has not asked for that file, and whoever gave the name is not here. Twin: hearsay.py. */
#include "judge.h"

static const struct {
    const char *file, *function;
} READERS[] = {
    {"/linecache.py", "updatecache"},          /* the lines of a traceback, of a warning, of what is inspected */
    {"/mimetypes.py", "read"},                 /* mimetypes.knownfiles */
    {"/platform.py", "freedesktop_os_release"}, /* platform._os_release_candidates */
};

static bool
ends(PyObject *text, const char *end)
{
    PyObject *keeper;
    Text name;
    bool result = PyUnicode_CheckExact(text) && text_of_name(text, &name, &keeper) == 0;
    if (result) {
        result = text_ends(name, end);
        Py_XDECREF(keeper);
    }
    PyErr_Clear();
    return result;
}

static bool
is_reader(const PyCodeObject *code)
{
    bool result = false;
    for (size_t at = 0; !result && at < Py_ARRAY_LENGTH(READERS); at++) {
        result = PyUnicode_CompareWithASCIIString(code->co_name, READERS[at].function) == 0 && ends(code->co_filename, READERS[at].file);
    }
    return result;
}

/* Say whether it is one of these that reads, or the interpreter itself, which shows the last traceback below no frame. */
OFTEN bool
hearsay_is_heard(void)
{
    Cursor cursor;
    Tag tag = NO_TAG;
    cursor_start(&cursor, NULL);
    bool result = !cursor.code && !blame_is_starting();
    for (; !result && cursor.code; cursor_back(&cursor)) {
        tag = tag_get(cursor.code);
        if (place_at(tag)->meaning != STDLIB || (tag & MADE)) {
            break;
        }
        result = is_reader(cursor.code);
    }
    cursor_end(&cursor);
    return result;
}

/* Say whether what the application is taken to read is nobody's file and nobody's wish. */
bool
hearsay_is_read(const Asked *asked, const Blame *blame)
{
    return asked->capability == FS_READ && blame_owner_text(blame).kind == KIND_APP && owner_of_path(asked->text) == OWNER_UNOWNED
           && hearsay_is_heard();
}
