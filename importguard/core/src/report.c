/* What is refused: Python finds the words and writes the record, and the verdict holds whatever becomes of that.
 * Twin: enforce.py, which does both. */
#include "judge.h"

#include "owners.h"
#include "question.h"

#include <unistd.h>

/* Call a Python function of the guard's as the guard: what it does is let through, and nobody traces it. Returns what it
 * returns, NULL with an exception set. */
PyObject *
attend(PyObject *function, PyObject *args)
{
    int before = busy_enter();
    PyObject *answer = args ? PyObject_Call(function, args, NULL) : NULL;
    busy_leave(before);
    return answer;
}

/* Raise what the denial looks like when Python's own is not to be had; returns -1. */
static int
refuse_plainly(const char *rule)
{
    return deny(PyUnicode_FromFormat("importguard IG201: denied by %s; the guard's own report failed", rule));
}

/* Say what comes of a report, whose `answer` is NULL with an exception set where it has raised: 0 to go on, or -1. */
static int
obey(PyObject *answer, const char *rule)
{
    bool has_raised = !answer;
    Py_XDECREF(answer);
    if (!table_enforces(core.table)) {
        PyErr_Clear(); /* observe changes nothing, whatever happens to the record */
        return 0;
    }
    if (table_kills(core.table)) {
        _exit(KILLED); /* where the supervisor or the report hasn't done it */
    }
    return has_raised ? -1 : refuse_plainly(rule);
}

/* Return an owner as Python gets it: (name, version, kind). */
PyObject *
report_owner(OwnerText owner)
{
    PyObject *name = text_object_of_name(owner.name), *version = name ? text_object_of_name(owner.version) : NULL;
    PyObject *tuple = version ? Py_BuildValue("OOs", name, version, kind_names[owner.kind]) : NULL;
    Py_XDECREF(name);
    Py_XDECREF(version);
    return tuple;
}

/* Return the names of those that it went through as Python gets them. */
PyObject *
report_via(const Blame *blame)
{
    PyObject *via = PyTuple_New(blame->via_count);
    for (int at = 0; via && at < blame->via_count; at++) {
        PyObject *name = text_object_of_name(owner_text(blame->via[at]).name);
        if (!name) {
            Py_CLEAR(via);
            break;
        }
        PyTuple_SET_ITEM(via, at, name);
    }
    return via;
}

/* Return what a table says as Python gets it: (verdict, rule), None without a verdict. */
static PyObject *
verdict_tuple(const Table *table, const Verdict *verdict)
{
    if (!verdict) {
        Py_RETURN_NONE;
    }
    PyObject *rule = text_object_of_name(table_rule_text(table, verdict->rule));
    return rule ? Py_BuildValue("sN", verdict->is_allowed ? "allow" : "deny", rule) : NULL;
}

/* Return what the report is called with, NULL with an exception set. */
static PyObject *
report_arguments(const Asked *asked, Door door, const Blame *blame, PyObject *decided, PyObject *tried, const char *answer)
{
    PyObject *owner = report_owner(blame_owner_text(blame)), *via = owner ? report_via(blame) : NULL, *args = NULL;
    if (via && decided && tried) {
        PyObject *argv = asked->argv ? asked->argv : Py_None;
        args = Py_BuildValue("sOOOOsOOOss", capability_names[asked->capability], asked->target, argv, owner, via,
                             phase_names[blame->phase], blame->module ? blame->module : Py_None, decided, tried, door_names[door],
                             answer);
    }
    Py_XDECREF(via);
    Py_XDECREF(owner);
    return args;
}

/* Report what was refused, or would have been by the candidate (`tried`, or NULL); returns 0 where the policy allows it or
 * the mode only observes, else -1 with an exception set. */
int
report(const Asked *asked, Door door, const Blame *blame, const Verdict *verdict, const Verdict *tried)
{
    PyObject *decided = verdict_tuple(core.table, verdict), *other = decided ? verdict_tuple(core.candidate, tried) : NULL;
    const char *answer = other && !verdict->is_allowed ? question_put(asked, blame, PyTuple_GET_ITEM(decided, 1)) : "";
    PyObject *args = report_arguments(asked, door, blame, decided, other, answer);
    const char *text = args ? PyUnicode_AsUTF8(PyTuple_GET_ITEM(decided, 1)) : NULL;
    PyObject *reported = attend(core.report, args);
    int result = 0;
    if (verdict->is_allowed || question_grants(answer)) {
        Py_XDECREF(reported);
        PyErr_Clear(); /* whatever happens to the record */
    }
    else {
        result = obey(reported, text ? text : "a rule");
    }
    Py_XDECREF(args);
    Py_XDECREF(other);
    Py_XDECREF(decided);
    return result;
}

/* Have a change noted that nobody forbids; a record that can't be written changes nothing. Returns 0. */
int
report_patch(const Asked *asked, const Blame *blame, OwnerText victim)
{
    PyObject *owner = report_owner(blame_owner_text(blame)), *other = owner ? report_owner(victim) : NULL, *args = NULL;
    if (other) {
        args = Py_BuildValue("OOsOO", asked->target, owner, phase_names[blame->phase], blame->module ? blame->module : Py_None,
                             other);
    }
    Py_XDECREF(attend(core.noticed, args));
    PyErr_Clear();
    Py_XDECREF(args);
    Py_XDECREF(other);
    Py_XDECREF(owner);
    return 0;
}

/* Have Python look at an import more closely, which raises where it is refused. What is refused for certain
 * (`is_refused`) is refused whatever Python finds. Returns 0, or -1 with an exception set. */
int
report_import(PyObject *name, PyObject *spec, bool is_refused)
{
    PyObject *args = PyTuple_Pack(2, name, spec);
    PyObject *answer = args ? attend(core.look, args) : NULL;
    int result = answer || (!table_enforces(core.table)) ? 0 : -1;
    Py_XDECREF(args);
    Py_XDECREF(answer);
    if (!table_enforces(core.table)) {
        PyErr_Clear();
    }
    else if (result == 0 && is_refused) {
        PyObject *text = PyUnicode_FromFormat("importguard IG202: the import of %R was refused", name);
        PyErr_SetImportError(text, name, NULL);
        Py_XDECREF(text);
        return -1;
    }
    return result;
}
