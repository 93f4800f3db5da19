/* What the twin tests hold against Walker in blame.py: a walk's findings are given, and so is all that they are judged by. */
#include "blame.h"

static const char *const kinds[KIND_COUNT] = {"distribution", "app", "stdlib", "startup", "unowned"};
static const char *const phases[PHASE_COUNT] = {"startup", "import", "run"};

static OwnerId
number_of(Identity *identity, PyObject *owner)
{
    OwnerId number = owner_of_object(identity, owner);
    return text_is(identity_text(identity, number).name, "__main__") ? OWNER_MAIN : number;
}

static int
read_owners(Identity *identity, PyObject *objects, OwnerId *owners)
{
    Py_ssize_t count = PyTuple_GET_SIZE(objects);
    for (Py_ssize_t at = 0; at < count && at < MOST_OWNERS; at++) {
        owners[at] = number_of(identity, PyTuple_GET_ITEM(objects, at));
    }
    return count < MOST_OWNERS ? (int)count : MOST_OWNERS;
}

/* The source of carried work is given as (owners, the number of a phase, module). */
static int
read_walked(Identity *identity, PyObject *owners, int end, PyObject *detail, Source *source, Walked *walked)
{
    PyObject *carried;
    *walked = (Walked){.end = end};
    walked->count = read_owners(identity, owners, walked->owners);
    if (end != CARRIED) {
        walked->detail = detail;
        return 0;
    }
    if (!PyArg_ParseTuple(detail, "O!iU", &PyTuple_Type, &carried, &source->phase, &source->module)) {
        return -1;
    }
    source->count = read_owners(identity, carried, source->owners);
    walked->source = source;
    return 0;
}

/* `wanted` is a callable (name, version) -> bool. */
static int
ask(const void *wanted, const OwnerText *owner)
{
    PyObject *name = text_object_of_name(owner->name), *version = name ? text_object_of_name(owner->version) : NULL;
    PyObject *answer = version ? PyObject_CallFunctionObjArgs((PyObject *)wanted, name, version, NULL) : NULL;
    int result = answer ? PyObject_IsTrue(answer) : -1;
    Py_XDECREF(answer);
    Py_XDECREF(version);
    Py_XDECREF(name);
    return result;
}

static PyObject *
owner_tuple(OwnerText text)
{
    return Py_BuildValue("NNs", text_object_of_name(text.name), text_object_of_name(text.version), kinds[text.kind]);
}

static PyObject *
owner_tuples(const Identity *identity, const OwnerId *owners, int count)
{
    PyObject *tuple = PyTuple_New(count);
    for (int at = 0; tuple && at < count; at++) {
        PyObject *owner = owner_tuple(identity_text(identity, owners[at]));
        if (!owner) {
            Py_CLEAR(tuple);
            break;
        }
        PyTuple_SET_ITEM(tuple, at, owner);
    }
    return tuple;
}

static PyObject *
answer(const Process *of, const Walked *walked, const Blame *blame)
{
    OwnerText owner = identity_text(of->identity, blame->owner);
    if (blame->has_authority) {
        owner.kind = KIND_APP;
    }
    return Py_BuildValue("NNsON", owner_tuple(owner), owner_tuples(of->identity, blame->via, blame->via_count),
                         phases[blame->phase], blame->module ? blame->module : Py_None,
                         owner_tuples(of->identity, walked->owners, walked->count));
}

/* twin_blame(ledger, main_origin, program's owner or None while it starts, is it the main thread, owners, end, detail,
 * is_deputy) -> (owner, via, phase, module or None, chain) */
static PyObject *
twin_blame(PyObject *Py_UNUSED(module), PyObject *args)
{
    PyObject *ledger, *main_origin, *program, *owners, *detail, *is_deputy, *result = NULL;
    int on_main_thread, end;
    Identity identity = {0};
    Process of = {0};
    Walked walked;
    Source source;
    Blame blame;
    if (!PyArg_ParseTuple(args, "O!O!OpO!iOO", &PyTuple_Type, &ledger, &PyTuple_Type, &main_origin, &program,
                          &on_main_thread, &PyTuple_Type, &owners, &end, &detail, &is_deputy)
        || !(identity.ledger = identity_ledger(ledger))) {
        return NULL;
    }
    if (process_read(main_origin, &identity, &of) == 0
        && (program == Py_None || process_learn_program(&of, number_of(&identity, program)) == 0)
        && read_walked(&identity, owners, end, detail, &source, &walked) == 0) {
        conclude(&of, on_main_thread, &walked, &blame);
        result = choose(&of, &walked, ask, is_deputy, &blame) == 0 ? answer(&of, &walked, &blame) : NULL;
        blame_end(&blame);
    }
    process_drop(&of);
    identity_drop(&identity);
    return result;
}

PyMethodDef blame_twins[] = {
    {"twin_blame", twin_blame, METH_VARARGS, PyDoc_STR("Who is to blame for what a walk has found.")},
    {NULL, NULL, 0, NULL},
};
