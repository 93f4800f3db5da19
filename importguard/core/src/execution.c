/* Every way in which a code object comes to run, and whether it is the interpreter itself that runs it. */
#include "ccore.h"

#include "carrier.h"
#include "judge.h"

#include <string.h>
#include <sys/stat.h>

/* Which code the interpreter itself runs next, with no Python frame below it. */
static enum { NOT_YET, NEXT_CODE, NEXT_MODULE, EVERY_LINE, HAS_RUN } program;
static bool is_interactive;
static int untouched_depth; /* what a thread may still recurse while nothing has been called on it */

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
execution_site_reads(void)
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
execution_program_starts(const char *event)
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

/* Say whether code comes from a file of PYTHONSTARTUP that was written while the command runs: that is hardly the user's. Lines
 * that are typed come from no file. */
static bool
is_new_startup(PyCodeObject *code)
{
    struct stat status;
    PyObject *file = code->co_filename;
    if (program != EVERY_LINE || !PyUnicode_GET_LENGTH(file) || PyUnicode_READ_CHAR(file, 0) == '<') {
        return false;
    }
    return !file_status(file, &status) || file_is_fresh(&status);
}

static int
run_from_nowhere(PyCodeObject *code)
{
    if ((program != NEXT_CODE && program != EVERY_LINE) || !is_interpreter_acting() || is_new_startup(code)
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
    PyObject *path = cursor_local(cursor, interned.fullname);
    size_t place = path && PyUnicode_CheckExact(path) ? place_new(STARTUP_FILE, path, OWNER_UNOWNED) : UNOWNED_PLACE;
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
        tag = maker_of_code(false);
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
execution_on_exec(PyObject *args)
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
execution_on_function(PyObject *args)
{
    PyCodeObject *code = code_in(args, 0);
    return code ? settle(code) : 0;
}

static int
deny_code(PyObject *function, const char *reason)
{
    PyObject *name = ((PyFunctionObject *)function)->func_qualname;
    PyObject *args = Py_BuildValue("(sOs)", "runtime.patch", name, reason);
    Py_XDECREF(attend(core.tampered, args));
    Py_XDECREF(args);
    PyErr_Clear();
    return deny(PyUnicode_FromFormat("importguard IG206: the code of '%U' can't be replaced: %s", name, reason));
}

/* Functions of the import system are known by their code, and one of the application's is taken to show whose it is wherever it is called:
 * neither may have another's. */
static int
ask_for_code(PyObject *function, PyCodeObject *code)
{
    PyCodeObject *old = (PyCodeObject *)PyFunction_GET_CODE(function);
    if (!core.enforcing) {
        return 0;
    }
    if (pinned_has(old)) {
        return deny_code(function, "the guard knows imports by it");
    }
    Meaning was = place_at(tag_get(old))->meaning, is = place_at(tag_get(code))->meaning;
    bool is_lost = (was == MAIN || was == APPLICATION) && is == STDLIB && !capture_is_the_application();
    return is_lost ? deny_code(function, "the application's would become the library's") : 0;
}

/* function.__code__ = code */
int
execution_on_set_attribute(PyObject *args)
{
    PyCodeObject *code = code_in(args, 2);
    if (!code) {
        return 0;
    }
    PyObject *function = PyTuple_GET_ITEM(args, 0);
    return settle(code) < 0 ? -1 : PyFunction_Check(function) ? ask_for_code(function, code) : 0;
}

/* Learn what tells the interpreter itself from others; returns 0, or -1 with an exception set. */
int
execution_start(void)
{
    if (learn_depth() < 0) {
        return -1;
    }
    PyObject *flags = PySys_GetObject("flags"), *inspect = flags ? PyObject_GetAttrString(flags, "inspect") : NULL;
    is_interactive = inspect && PyObject_IsTrue(inspect) == 1;
    Py_XDECREF(inspect);
    PyErr_Clear();
    return 0;
}
