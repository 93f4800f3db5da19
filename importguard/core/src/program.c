/* The user's program: when it starts, whose it is, and whether what is run is what was typed. */
#include "judge.h"

#include "owners.h"

#include <string.h>

static Buffer typed; /* the file that the interpreter named, as a real path; empty where it named none */

static int
resolve_object(PyObject *path, Buffer *real)
{
    Text text;
    PyObject *keeper;
    if (!PyUnicode_CheckExact(path) || text_of_name(path, &text, &keeper) < 0) {
        PyErr_Clear();
        return -1;
    }
    int result = paths_resolve(text, WORKING_FOLDER, real);
    Py_XDECREF(keeper);
    PyErr_Clear();
    return result;
}

/* Return the owner of the file or module that the interpreter is about to run. */
static OwnerId
owner_of(const char *event, PyObject *what)
{
    Text text;
    PyObject *keeper;
    if (strcmp(event, "cpython.run_file") == 0) {
        return resolve_object(what, &typed) < 0 ? OWNER_UNOWNED : owner_of_path(buffer_text(&typed));
    }
    if (strcmp(event, "cpython.run_module") != 0 || !PyUnicode_CheckExact(what) || text_of(what, &text, &keeper) < 0) {
        PyErr_Clear();
        return OWNER_UNOWNED;
    }
    OwnerId owner = identity_owner_of_module(&process_identity, text);
    Py_XDECREF(keeper);
    return owner;
}

/* The interpreter says that the program starts, with an event of START_OF_PROGRAM. Returns 0, or -1 with an exception set. */
int
program_starts(const char *event, PyObject *args)
{
    if (!execution_program_starts(event) || !blame_is_starting()) {
        return 0;
    }
    buffer_start(&typed);
    return blame_learn_program(PyTuple_GET_SIZE(args) > 0 ? owner_of(event, PyTuple_GET_ITEM(args, 0)) : OWNER_UNOWNED);
}

/* Say whether a file that is nobody's lies where `python -m` looks first: a folder too wide to be a project. */
static bool
is_beside(Text file)
{
    Buffer here;
    buffer_start(&here);
    size_t folder = text_last(file, '/');
    bool result = folder > 0 && paths_working_folder(&here) == 0;
    Text place = {file.data, folder ? folder - 1 : 0};
    if (result && !text_same(place, buffer_text(&here))) {
        size_t above = text_last(place, '/');
        bool is_package = text_ends(file, "/__main__.py") && above > 0;
        result = is_package && text_same((Text){place.data, above - 1}, buffer_text(&here));
    }
    buffer_end(&here);
    PyErr_Clear();
    return result;
}

static bool
is_module_typed(Text file)
{
    OwnerId owner = owner_of_path(file);
    OwnerText text = owner_text(owner);
    return text.kind == KIND_APP || text.kind == KIND_STDLIB || text_same(text.name, blame_program())
           || (owner == OWNER_UNOWNED && is_beside(file));
}

static void
tell(Text file)
{
    PyObject *target = file.size ? text_object_of_name(file) : PyUnicode_FromString("?");
    PyObject *args = target ? Py_BuildValue("(sOs)", "code.run", target, "not the program that was typed") : NULL;
    PyObject *answer = args ? attend(core.tampered, args) : NULL;
    PyErr_Clear();
    Py_XDECREF(answer);
    Py_XDECREF(args);
    Py_XDECREF(target);
}

/* Say whether what is run is what was typed, and not what a start-up file has put in its place. `path` is of the code that
 * runpy runs, None where that comes from no file; NULL stands for the file that the interpreter named. */
bool
program_is_typed(PyObject *path)
{
    Buffer real;
    Text file = path ? (Text){NULL, 0} : buffer_text(&typed);
    bool result = !path;
    if (!process.is_app) {
        return true;
    }
    buffer_start(&real);
    if (path && resolve_object(path, &real) == 0) {
        file = buffer_text(&real);
        result = is_module_typed(file);
    }
    result = result && !(file.size && written_holds(file));
    if (!result) {
        tell(file);
    }
    buffer_end(&real);
    return result;
}
