/* The corridor: from what somebody asks for to a verdict, by way of who is to blame. Twin: corridor.py.
 *
 * Nothing of it is Python: what becomes of Python objects that an attacker reaches can't change a verdict. */
#include "judge.h"

#include "owners.h"
#include "snapshots.h"

#include <string.h>

#define MOST_ARGUMENTS 64 /* on the stack; more of them are rare, and cost an allocation */

static int
is_written(void *Py_UNUSED(context), Text path)
{
    return written_reaches(path);
}

static Text
owner_name_of(void *Py_UNUSED(context), Text path)
{
    return owner_name_of_path(path);
}

static const Table *
take_over(PyObject *table)
{
    static const Asks asks = {is_written, owner_name_of, NULL};
    return table_load(table, &asks);
}

/* Take over the policy and the one that is only tried out, None without one: a mapping each, or the bytes that the launcher
 * has made of it. Returns 0, or -1 with an exception set. */
int
judge_start(PyObject *table, PyObject *candidate)
{
    core.table = take_over(table);
    core.candidate = core.table && candidate != Py_None ? take_over(candidate) : NULL;
    return core.table && (core.candidate || candidate == Py_None) ? 0 : -1;
}

/* Say whether anybody could be refused this; what costs next to nothing is asked first. -1 with an exception set. */
static int
concerns(const Asked *asked)
{
    if (asked->capability == FS_WRITE) {
        if (written_note(asked->text) < 0) {
            return -1;
        }
        place_forget(asked->text);
    }
    return table_watches(core.table, asked->capability, asked->text);
}

/* Importing a module executes code and reads marshalled code: that is no more than the import was. */
static bool
is_the_import_system(void)
{
    Cursor cursor;
    cursor_start(&cursor, NULL);
    bool result = cursor.code && is_import_system(&cursor);
    cursor_end(&cursor);
    return result;
}

/* The guard's wraps ask for a start, and then call what starts: that it raises an event of its own is no second question. */
static _Thread_local bool is_granted;

void
judge_grant(bool granted)
{
    is_granted = granted;
}

/* Good for one start, by the guard's own code. */
static bool
is_asked_for(const Asked *asked)
{
    Cursor cursor;
    if (!is_granted || asked->capability != PROC_SPAWN) {
        return false;
    }
    cursor_start(&cursor, NULL);
    bool result = cursor.code && place_at(tag_get(cursor.code))->meaning == GUARD;
    cursor_end(&cursor);
    is_granted = false;
    return result;
}

/* `site` reading a start-up file, where those are refused: it skips what it can't read. */
static bool
is_startup_file(const Asked *asked)
{
    return core.refuses_startup_files && asked->capability == FS_READ
           && (text_ends(asked->text, ".pth") || text_ends(asked->text, ".start")) && execution_site_reads();
}

static int
judge_startup_file(const Asked *asked)
{
    PyObject *args = PyTuple_Pack(1, asked->target), *answer = args ? attend(core.startup_file, args) : NULL;
    Py_XDECREF(args);
    Py_XDECREF(answer);
    return answer ? 0 : -1;
}

/* The table is no Python: where it can't tell, there was no memory left. Returns -1 with an exception set. */
static int
without_memory(void)
{
    PyErr_NoMemory();
    return -1;
}

static int
is_deputy(const void *wanted, const OwnerText *owner)
{
    return table_is_deputy(core.table, owner, wanted);
}

static int
is_deputy_of_candidate(const void *wanted, const OwnerText *owner)
{
    return table_is_deputy(core.candidate, owner, wanted);
}

/* Find out who is to blame for what the innermost code wants. Returns 0 and a blame that blame_end gives back, or -1 with an
 * exception set. */
static int
blame_here(const Wanted *wanted, Walked *walked, Blame *blame)
{
    if (walk_here(walked) < 0) {
        return -1;
    }
    conclude(&process, PyThreadState_Get() == core.main_thread, walked, blame);
    Py_CLEAR(walked->detail);
    return choose(&process, walked, is_deputy, wanted, blame) < 0 ? without_memory() : 0;
}

static int
decide_by(const Table *table, const Wanted *wanted, const Blame *blame, Verdict *verdict)
{
    OwnerText owner = blame_owner_text(blame);
    return table_decide(table, &owner, blame->phase, wanted, verdict);
}

/* Ask the candidate, which may know other deputies: `blame` becomes the one that it sees, with the module of the first. What
 * can't be told is no denial, since nobody is refused by it. */
static Verdict
try_out(const Wanted *wanted, const Walked *walked, Blame *blame)
{
    Verdict verdict;
    if (choose(&process, walked, is_deputy_of_candidate, wanted, blame) < 0
        || decide_by(core.candidate, wanted, blame, &verdict) < 0) {
        PyErr_Clear();
        return (Verdict){true, -1};
    }
    return verdict;
}

/* What is read by hearsay is read for nobody, where nobody may not read it. Returns 0, or -1 with an exception set. */
static int
decide_for_nobody(const Wanted *wanted, Blame *blame, Verdict *verdict)
{
    Blame nobody = {.owner = OWNER_UNOWNED, .phase = blame->phase, .module = blame->module};
    if (decide_by(core.table, wanted, &nobody, verdict) < 0) {
        return -1;
    }
    if (!verdict->is_allowed) {
        *blame = nobody;
    }
    return 0;
}

static int
decide(const Asked *asked, Door door, const Wanted *wanted, Blame *blame)
{
    Verdict verdict, tried = {true, -1};
    Walked walked;
    if (blame_here(wanted, &walked, blame) < 0) {
        return -1;
    }
    if (decide_by(core.table, wanted, blame, &verdict) < 0) {
        return without_memory();
    }
    if (verdict.is_allowed && hearsay_is_read(asked, blame) && decide_for_nobody(wanted, blame, &verdict) < 0) {
        return without_memory();
    }
    if (asked->held && held_is_by(asked->held, blame->owner, asked->capability)) {
        return 0;
    }
    Blame other = *blame;
    if (core.candidate) {
        tried = try_out(wanted, &walked, &other);
    }
    /* Secrets are regular files: `.env` may be a virtual environment, and whoever removes it opens it first. */
    if (verdict.is_allowed && core.learn && learnt_is_new(asked, door, &walked, blame)) {
        Blame caller;
        int found = beyond(&process, &walked, blame, is_deputy, wanted, &caller);
        if (found < 0) {
            PyErr_Clear(); /* a record that says less */
        }
        report_allowed(asked, door, blame, found > 0 ? &caller : NULL);
    }
    if (verdict.is_allowed && tried.is_allowed) {
        return 0;
    }
    if (asked->capability == FS_READ && asked_kind(asked, true) == S_IFDIR) {
        return 0;
    }
    return report(asked, door, verdict.is_allowed ? &other : blame, &verdict, core.candidate ? &tried : NULL);
}

/* Judge what somebody is known to have done. Returns 1 where nobody forbids it, 0 where that has no consequence, -1 with an
 * exception set where it is refused. */
int
judge_done(const Asked *asked, const Blame *blame)
{
    Wanted wanted = {asked->capability, asked->text, NULL, -1};
    Verdict verdict = {true, -1}, tried = {true, -1};
    int is_watched = concerns(asked);
    if (is_watched > 0 && decide_by(core.table, &wanted, blame, &verdict) < 0) {
        return -1;
    }
    if (is_watched > 0 && core.candidate && decide_by(core.candidate, &wanted, blame, &tried) < 0) {
        PyErr_Clear(); /* nobody is refused by it */
    }
    if (is_watched > 0 && verdict.is_allowed && core.learn) {
        report_allowed(asked, WRAP_DOOR, blame, NULL);
    }
    if (verdict.is_allowed && tried.is_allowed) {
        return is_watched < 0 ? -1 : 1;
    }
    return report(asked, WRAP_DOOR, blame, &verdict, core.candidate ? &tried : NULL);
}

static int
decide_with_arguments(const Asked *asked, Door door, Wanted *wanted, Blame *blame)
{
    Text inside[MOST_ARGUMENTS], *texts = inside;
    PyObject *kept[MOST_ARGUMENTS], **keepers = kept;
    Py_ssize_t count = PyTuple_GET_SIZE(asked->argv), done = 0;
    int result = -1;
    if (count > MOST_ARGUMENTS) {
        texts = PyMem_Malloc((size_t)count * sizeof(Text));
        keepers = PyMem_Malloc((size_t)count * sizeof(PyObject *));
    }
    if (!texts || !keepers) {
        PyErr_NoMemory();
    }
    while (texts && keepers && done < count && text_of(PyTuple_GET_ITEM(asked->argv, done), &texts[done], &keepers[done]) == 0) {
        done++;
    }
    if (texts && keepers && done == count) {
        wanted->arguments = texts;
        wanted->argument_count = count;
        result = decide(asked, door, wanted, blame);
    }
    while (texts && keepers && done > 0) {
        Py_XDECREF(keepers[--done]);
    }
    if (count > MOST_ARGUMENTS) {
        PyMem_Free(texts);
        PyMem_Free(keepers);
    }
    return result;
}

/* Judge what the code that runs asks for. Returns 0 to go on, with the blame where anybody was asked for (blame->phase is
 * -1 where not), and -1 with an exception set where it is refused. */
int
judge(const Asked *asked, Door door, Blame *blame)
{
    Wanted wanted = {asked->capability, asked->text, NULL, -1};
    blame->phase = NOBODY_ASKED;
    if (is_startup_file(asked)) {
        return judge_startup_file(asked);
    }
    int result = concerns(asked);
    if (result <= 0 || (asked->capability == CODE_RUN && is_the_import_system()) || is_asked_for(asked)) {
        return result < 0 ? -1 : 0;
    }
    return asked->argv ? decide_with_arguments(asked, door, &wanted, blame) : decide(asked, door, &wanted, blame);
}

/* Ask about a target, an exact str, as judge_ask does. */
static int
ask(Asked *asked, PyObject *target)
{
    Blame blame;
    if (asked_take(asked, Py_NewRef(target)) < 0) {
        Py_DECREF(target);
        return -1;
    }
    int result = judge(asked, WRAP_DOOR, &blame);
    blame_end(&blame);
    Py_XINCREF(asked->argv);
    asked_clear(asked, 1);
    return result;
}

static int
ask_anybody(Asked *asked, PyObject *target)
{
    if (!core.armed) {
        return 0;
    }
    if (PyThreadState_GetInterpreter(PyThreadState_Get()) != core.interpreter) {
        bool only_looks = asked->capability == FS_READ || asked->capability == FS_LIST;
        return core.enforcing && !only_looks ? refuse("a call") : 0;
    }
    if (busy_here() && guard_is_running()) {
        return 0;
    }
    return ask(asked, target) < 0 ? without_our_frames() : 0;
}

/* Ask whether the code that runs may do this. `target` is an exact str, `argv` a tuple of str or NULL. Returns 0 to go on,
 * -1 with an exception set. What the guard itself does at work is let through; where nobody can judge, it is refused. */
int
judge_ask(Capability capability, PyObject *target, PyObject *argv)
{
    Asked asked = {.capability = capability, .argv = argv};
    return ask_anybody(&asked, target);
}

/* The same for what goes by a socket that is there already. */
int
judge_held(Capability capability, PyObject *target, uint64_t socket)
{
    Asked asked = {.capability = capability, .held = socket};
    return ask_anybody(&asked, target);
}

/* Return who answers for what the innermost code does, as far as that doesn't hang on the target; NOBODY where it can't be
 * told. */
OwnerId
judge_who(Capability capability)
{
    Wanted wanted = {capability, {"", 0}, NULL, -1};
    Walked walked;
    Blame blame = {.phase = NOBODY_ASKED};
    bool is_here = PyThreadState_GetInterpreter(PyThreadState_Get()) == core.interpreter;
    OwnerId owner = is_here && blame_here(&wanted, &walked, &blame) == 0 ? blame.owner : NOBODY;
    blame_end(&blame);
    PyErr_Clear();
    return owner;
}

/* Say what is to become of an import, by whose the module is: IMPORT_FINE and its like, or -1 with an exception set. */
int
judge_import(PyObject *name, OwnerText owner)
{
    Text problem = owner_problem(owner.name), text;
    PyObject *keeper;
    if (problem.size && core.malicious != IGNORES_MALICIOUS) {
        bool is_warning = core.malicious == WARNS_OF_MALICIOUS || text_starts(problem, "warn:");
        return is_warning ? IMPORT_UNSURE : IMPORT_REFUSED;
    }
    if (!PyUnicode_CheckExact(name) || text_of(name, &text, &keeper) < 0) {
        PyErr_Clear();
        return IMPORT_UNSURE;
    }
    Verdict verdict = {true, -1}, tried = verdict;
    Wanted wanted = {IMPORT_MODULE, text, NULL, -1};
    int phase = blame_is_starting() ? PHASE_STARTUP : PHASE_IMPORT, result = 0;
    if (table_watches(core.table, IMPORT_MODULE, text)) {
        result = table_decide(core.table, &owner, phase, &wanted, &verdict);
        if (core.candidate && table_decide(core.candidate, &owner, phase, &wanted, &tried) < 0) {
            tried.is_allowed = true;
        }
    }
    Py_XDECREF(keeper);
    if (result < 0) {
        return without_memory();
    }
    return !verdict.is_allowed ? IMPORT_REFUSED : tried.is_allowed ? IMPORT_FINE : IMPORT_UNSURE;
}

/* Say whether it is the program whose command the user typed that asks, with the application's authority: nobody else is to blame
 * then, whatever the target is. */
bool
judge_is_program(Capability capability)
{
    Wanted wanted = {capability, {"", 0}, NULL, -1};
    Walked walked;
    Blame blame = {.phase = NOBODY_ASKED};
    if (PyThreadState_GetInterpreter(PyThreadState_Get()) != core.interpreter) {
        return false;
    }
    OwnerId owner = walk_innermost();
    bool result = owner != NOBODY && text_same(owner_text(owner).name, blame_program()) && blame_here(&wanted, &walked, &blame) == 0
                  && blame.has_authority && !blame.via_count && blame.owner == owner;
    blame_end(&blame);
    PyErr_Clear();
    return result;
}
