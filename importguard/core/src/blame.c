/* From a walk to who is to blame. Twin: Walker.conclude, Walker.choose and their like in blame.py. */
#include "blame.h"

#include <string.h>

Process process;

static int
phase_of(Text text)
{
    static const char *const phases[PHASE_COUNT] = {"startup", "import", "run"};
    for (int phase = 0; phase < PHASE_COUNT; phase++) {
        if (text_is(text, phases[phase])) {
            return phase;
        }
    }
    return PHASE_IMPORT; /* the strictest */
}

/* Keep a text for as long as the process lives; returns 0, or -1 with an exception set. */
static int
keep(Text text, Text *kept)
{
    char *data = PyMem_RawMalloc(text.size + 1);
    if (!data) {
        PyErr_NoMemory();
        return -1;
    }
    memcpy(data, text.data, text.size);
    *kept = (Text){data, text.size};
    return 0;
}

static int
keep_object(PyObject *object, Text *kept)
{
    PyObject *keeper;
    Text text;
    if (!PyUnicode_CheckExact(object)) {
        PyErr_SetString(PyExc_TypeError, "a str");
        return -1;
    }
    if (text_of_name(object, &text, &keeper) < 0) {
        return -1;
    }
    int result = keep(text, kept);
    Py_XDECREF(keeper);
    return result;
}

/* Read (owner, phase, module, is it the application, program); returns 0, or -1 with an exception set. */
int
process_read(PyObject *main_origin, Identity *identity, Process *read)
{
    PyObject *owner, *phase, *module, *program, *keeper;
    int is_app;
    Text text;
    if (!PyArg_ParseTuple(main_origin, "OUUpU", &owner, &phase, &module, &is_app, &program)
        || text_of_name(phase, &text, &keeper) < 0) {
        return -1;
    }
    *read = (Process){identity, OWNER_APP, phase_of(text), is_app, true, {NULL, 0}, NULL};
    Py_XDECREF(keeper);
    if (keep_object(program, &read->program) < 0) {
        return -1;
    }
    if (!is_app) {
        read->owner = owner_of_object(identity, owner);
    }
    read->module = Py_NewRef(module);
    return 0;
}

/* Give back a process that was made for a question. */
void
process_drop(Process *read)
{
    PyMem_RawFree((char *)read->program.data);
    Py_XDECREF(read->module);
}

/* The user's program starts now, and this is whose it is; returns 0, or -1 with an exception set. Twin: learn_program. */
int
process_learn_program(Process *learning, OwnerId owner)
{
    OwnerText text = identity_text(learning->identity, owner);
    learning->is_starting = false;
    return learning->is_app && text.kind == KIND_DISTRIBUTION ? keep(text.name, &learning->program) : 0;
}

static int
phase_now(const Process *of)
{
    return !of->is_app ? of->phase : of->is_starting ? PHASE_STARTUP : PHASE_RUN;
}

/* A start-up file that nobody lists: it goes by its name, UNOWNED where it has none. */
static OwnerId
startup_owner(const Process *of, PyObject *path)
{
    PyObject *keeper = NULL;
    Text text;
    if (!path || !PyUnicode_CheckExact(path) || text_of_name(path, &text, &keeper) < 0) {
        PyErr_Clear();
        return OWNER_UNOWNED;
    }
    size_t at = text_last(text, '/');
    OwnerText owner = {{text.data + at, text.size - at}, {"", 0}, KIND_STARTUP};
    OwnerId number = identity_number(of->identity, owner);
    Py_XDECREF(keeper);
    return number;
}

static void
append(Walked *walked, OwnerId owner)
{
    if (walked->count < MOST_OWNERS) {
        walked->owners[walked->count++] = owner;
    }
}

static PyObject *
str_or_null(PyObject *value)
{
    return value && PyUnicode_CheckExact(value) ? Py_NewRef(value) : NULL;
}

/* Twin: _at_import. */
static void
at_import(const Process *of, Walked *walked, Blame *blame)
{
    PyObject *globals = walked->detail;
    OwnerId *last = &walked->owners[walked->count - 1];
    blame->phase = of->is_starting ? PHASE_STARTUP : PHASE_IMPORT;
    blame->module = str_or_null(globals ? PyDict_GetItemString(globals, "__name__") : NULL);
    if (of->is_starting && *last == OWNER_UNOWNED) {
        *last = startup_owner(of, globals ? PyDict_GetItemString(globals, "__file__") : NULL);
    }
}

/* Return what follows the last slash of a path, a new reference, or NULL. */
static PyObject *
name_of(PyObject *path)
{
    Py_ssize_t size = PyUnicode_GET_LENGTH(path), at = PyUnicode_FindChar(path, '/', 0, size, -1);
    return at < 0 ? Py_NewRef(path) : PyUnicode_Substring(path, at + 1, size);
}

/* Return the owner of a start-up file, by where it really lies. Python brings none: one that seems to lie in the standard
 * library was put there. */
static OwnerId
owner_of_startup_file(const Process *of, PyObject *path)
{
    PyObject *keeper = NULL;
    OwnerId owner = OWNER_UNOWNED;
    Buffer real;
    Text text;
    buffer_start(&real);
    if (text_of_name(path, &text, &keeper) == 0) {
        if (paths_resolve(text, WORKING_FOLDER, &real) == 0) {
            owner = identity_owner_of_path(of->identity, buffer_text(&real));
        }
        Py_XDECREF(keeper);
    }
    buffer_end(&real);
    PyErr_Clear();
    return owner == OWNER_UNOWNED || owner == OWNER_STDLIB ? startup_owner(of, path) : owner;
}

/* Twin: _at_startup_file. */
static void
at_startup_line(const Process *of, Walked *walked, Blame *blame)
{
    append(walked, owner_of_startup_file(of, walked->detail));
    blame->phase = PHASE_STARTUP;
    blame->module = name_of(walked->detail);
}

/* Twin: _at_main. The program itself: the application's, or whoever's started this process. */
static void
at_main(const Process *of, Walked *walked, Blame *blame)
{
    bool has_name = !of->is_app && PyUnicode_GET_LENGTH(of->module);
    walked->owners[walked->count - 1] = of->owner;
    blame->phase = phase_now(of);
    blame->module = has_name ? Py_NewRef(of->module) : PyUnicode_FromString("__main__");
}

/* The chain of whoever arranged it goes on where that of the work itself ends. */
static void
at_source(Walked *walked, Blame *blame)
{
    const Source *source = walked->source;
    for (int at = 0; at < source->count; at++) {
        append(walked, source->owners[at]);
    }
    blame->phase = source->phase;
    blame->module = Py_XNewRef(source->module);
}

/* Twin: _at_end. A thread that carries no origin is the application's: everybody else's carries one. */
static void
at_end(const Process *of, bool on_main_thread, Walked *walked, Blame *blame)
{
    bool ends_in_app = walked->count && identity_text(of->identity, walked->owners[walked->count - 1]).kind == KIND_APP;
    if (walked->count && !ends_in_app && !of->is_starting && !on_main_thread) {
        append(walked, of->owner);
    }
    blame->phase = phase_now(of);
}

/* Who calls by himself what another one has arranged answers for it first, and that one behind him; the application doesn't answer for work
 * of an import. */
static void
at_lent(const Process *of, Walked *walked, Blame *blame)
{
    const Source *source = walked->lent;
    OwnerId last = walked->count ? walked->owners[walked->count - 1] : OWNER_UNOWNED;
    bool ends_in_app = identity_text(of->identity, last).kind == KIND_APP;
    walked->count -= ends_in_app;
    for (int at = 0; at < source->count && identity_text(of->identity, source->owners[at]).kind != KIND_APP; at++) {
        append(walked, source->owners[at]);
    }
    if (ends_in_app && source->phase == PHASE_RUN) {
        append(walked, last);
    }
    blame->phase = blame->phase == PHASE_RUN ? source->phase : blame->phase;
}

/* Give the chain of a walk its end, and the blame its phase and its module. Twin: conclude. */
void
conclude(const Process *of, bool on_main_thread, Walked *walked, Blame *blame)
{
    bool is_whole = walked->count < MOST_OWNERS;
    blame->module = NULL;
    if (walked->count && walked->owners[walked->count - 1] == OWNER_MAIN) {
        at_main(of, walked, blame);
    }
    else if (walked->end == BODY && walked->count) {
        at_import(of, walked, blame);
    }
    else if (walked->end == STARTUP_LINE) {
        at_startup_line(of, walked, blame);
    }
    else if (walked->end == CARRIED) {
        at_source(walked, blame);
    }
    else {
        at_end(of, on_main_thread, walked, blame);
    }
    if (walked->lent) {
        at_lent(of, walked, blame);
    }
    PyErr_Clear(); /* without memory there is no module to name */
    if (!is_whole || walked->count == MOST_OWNERS) {
        walked->owners[MOST_OWNERS - 1] = OWNER_UNOWNED;
    }
}

/* Return an owner as it is judged in a phase: the program whose command the user typed has the application's authority, but
 * never while anything is imported. Twin: _with_authority. */
static OwnerText
with_authority(const Process *of, OwnerId owner, int phase, bool *has_authority)
{
    OwnerText text = identity_text(of->identity, owner);
    *has_authority = phase == PHASE_RUN && text.kind == KIND_DISTRIBUTION && text_same(text.name, of->program);
    if (*has_authority) {
        text.kind = KIND_APP;
    }
    return text;
}

/* Pass the blame outwards past the deputies; returns 0, or -1 with an exception set. Twin: choose. */
int
choose(const Process *of, const Walked *walked, AskDeputy is_deputy, const void *wanted, Blame *blame)
{
    blame->via_count = 0;
    blame->owner = of->owner; /* nothing but the standard library: the program's own start, or a thread that it began */
    blame->has_authority = false;
    for (int at = 0; at < walked->count; at++) {
        OwnerText owner = with_authority(of, walked->owners[at], blame->phase, &blame->has_authority);
        int passes = owner.kind == KIND_APP ? 0 : is_deputy(wanted, &owner);
        blame->owner = walked->owners[at];
        if (passes <= 0) {
            return passes;
        }
        blame->via[blame->via_count++] = walked->owners[at];
    }
    /* Deputies alone: the outermost is judged itself. */
    blame->via_count -= blame->via_count > 0;
    return 0;
}

/* Find who had the one to blame do it: who would be to blame if that one were a deputy. Returns 1 with its blame in `other`, 0
 * where there is nobody, or -1 with an exception set. Twin: beyond. */
int
beyond(const Process *of, const Walked *walked, const Blame *blame, AskDeputy is_deputy, const void *wanted, Blame *other)
{
    Walked rest = *walked;
    int passed = blame->via_count + 1;
    rest.count -= passed;
    if (rest.count <= 0) {
        return 0;
    }
    memcpy(rest.owners, walked->owners + passed, (size_t)rest.count * sizeof(*rest.owners));
    *other = *blame;
    return choose(of, &rest, is_deputy, wanted, other) < 0 ? -1 : 1;
}

/* Take over on whose behalf this process runs; returns 0, or -1 with an exception set. */
int
blame_start(PyObject *main_origin)
{
    return process_read(main_origin, &process_identity, &process);
}

/* Say whether the user's program has yet to start. */
bool
blame_is_starting(void)
{
    return process.is_starting;
}

/* Return the distribution whose command the user typed, or an empty text. */
Text
blame_program(void)
{
    return process.program;
}

/* The user's program starts now, and this is whose it is; returns 0, or -1 with an exception set. */
int
blame_learn_program(OwnerId owner)
{
    return process_learn_program(&process, owner);
}

/* Return the text of the owner to blame, as it is judged. */
OwnerText
blame_owner_text(const Blame *blame)
{
    OwnerText text = owner_text(blame->owner);
    if (blame->has_authority) {
        text.kind = KIND_APP;
    }
    return text;
}

/* Give back what a blame holds. */
void
blame_end(Blame *blame)
{
    if (blame->phase != NOBODY_ASKED) {
        Py_CLEAR(blame->module);
    }
}
