/* What the C core does for the guard's own Python: it asks, and it tells; nothing here changes a verdict. */
#include "announce.h"
#include "board.h"
#include "carrier.h"
#include "judge.h"

#include "owners.h"

#include <marshal.h>
#include <string.h>

static int
read_capability(const char *name, Capability *capability)
{
    for (int at = 0; at < CAPABILITY_COUNT; at++) {
        if (strcmp(name, capability_names[at]) == 0) {
            *capability = (Capability)at;
            return 0;
        }
    }
    PyErr_Format(PyExc_ValueError, "no capability is called '%s'", name);
    return -1;
}

/* Return who was asked for as (name, version, kind, phase, module), None where nobody was. */
static PyObject *
blamed(const Blame *blame)
{
    if (blame->phase == NOBODY_ASKED) {
        Py_RETURN_NONE;
    }
    OwnerText owner = blame_owner_text(blame);
    PyObject *name = text_object_of_name(owner.name), *version = name ? text_object_of_name(owner.version) : NULL;
    PyObject *module = blame->module ? Py_NewRef(blame->module) : PyUnicode_FromString("");
    PyObject *result = NULL;
    if (version && module) {
        result = Py_BuildValue("OOssO", name, version, kind_names[owner.kind], phase_names[blame->phase], module);
    }
    Py_XDECREF(name);
    Py_XDECREF(version);
    Py_XDECREF(module);
    return result;
}

/* ask(capability, target, argv or None) -> who answers for it, None where nobody could be refused; raises Denied. */
static PyObject *
ask(PyObject *Py_UNUSED(module), PyObject *args)
{
    const char *name;
    PyObject *target, *argv;
    Asked asked = {0};
    Blame blame = {.phase = NOBODY_ASKED};
    if (!PyArg_ParseTuple(args, "sUO", &name, &target, &argv) || read_capability(name, &asked.capability) < 0
        || asked_take(&asked, Py_NewRef(target)) < 0) {
        return NULL;
    }
    asked.argv = PyTuple_CheckExact(argv) ? Py_NewRef(argv) : NULL;
    judge_grant(false);
    int result = judge(&asked, WRAP_DOOR, &blame);
    PyObject *who = result < 0 ? NULL : blamed(&blame);
    if (result == 0 && asked.capability == PROC_SPAWN) {
        judge_grant(true);
        board_let_pass(PASS_SPAWN);
    }
    blame_end(&blame);
    asked_clear(&asked, 1);
    return who;
}

/* spawned(): the start that was asked for is over. */
static PyObject *
spawned(PyObject *Py_UNUSED(module), PyObject *Py_UNUSED(nothing))
{
    judge_grant(false);
    board_let_pass(0);
    Py_RETURN_NONE;
}

/* ask_to_open(path, flags): for a file that a child is to have; raises Denied. */
static PyObject *
ask_to_open(PyObject *Py_UNUSED(module), PyObject *args)
{
    PyObject *path, *flags, *event = NULL;
    Asked asked[MOST_ASKED] = {{0}};
    int count = 0, result = -1;
    if (PyArg_ParseTuple(args, "OO", &path, &flags) && (event = PyTuple_Pack(3, path, Py_None, flags))) {
        result = readers_read(readers_find("open"), event, asked, &count);
    }
    for (int at = 0; result == 0 && at < count; at++) {
        Blame blame = {.phase = NOBODY_ASKED};
        result = judge(&asked[at], WRAP_DOOR, &blame);
        blame_end(&blame);
    }
    asked_clear(asked, count);
    Py_XDECREF(event);
    return result < 0 ? NULL : Py_NewRef(Py_None);
}

/* owner_of_path(absolute path without links) -> Owner */
static PyObject *
owner_of_path_for_python(PyObject *Py_UNUSED(module), PyObject *path)
{
    Text text;
    PyObject *keeper;
    if (!PyUnicode_CheckExact(path)) {
        PyErr_SetString(PyExc_TypeError, "a str");
        return NULL;
    }
    if (text_of_name(path, &text, &keeper) < 0) {
        return NULL;
    }
    PyObject *owner = Py_XNewRef(owner_object(owner_of_path(text)));
    Py_XDECREF(keeper);
    return owner;
}

static PyObject *
is_starting(PyObject *Py_UNUSED(module), PyObject *Py_UNUSED(nothing))
{
    return PyBool_FromLong(blame_is_starting());
}

/* program_starts(): for a process that was armed when its program had begun. */
static PyObject *
program_has_started(PyObject *Py_UNUSED(module), PyObject *Py_UNUSED(nothing))
{
    return blame_learn_program(OWNER_UNOWNED) < 0 ? NULL : Py_NewRef(Py_None);
}

/* program() -> the distribution whose command the user typed, "" for none. */
static PyObject *
program(PyObject *Py_UNUSED(module), PyObject *Py_UNUSED(nothing))
{
    return text_object_of_name(blame_program());
}

/* part(name) -> (is it a package, file, code) of a part of the guard that is loaded later, None where there is none. The code
 * is read and tagged here: what Python made in the guard's own frames could be anybody's. */
static PyObject *
part(PyObject *Py_UNUSED(module), PyObject *name)
{
    PyObject *known = PyDict_GetItemWithError(core.parts, name), *is_package, *file;
    Py_ssize_t start, size, whole = (Py_ssize_t)core.parts_size;
    if (!known || !PyTuple_CheckExact(known) || PyTuple_GET_SIZE(known) != 4) {
        return PyErr_Occurred() ? NULL : Py_NewRef(Py_None);
    }
    if (!PyArg_ParseTuple(known, "OUnn", &is_package, &file, &start, &size)) {
        return NULL;
    }
    if (start < 0 || size < 0 || start > whole || size > whole - start) {
        PyErr_SetString(PyExc_ValueError, "a part that doesn't lie in its bundle");
        return NULL;
    }
    PyObject *code = PyMarshal_ReadObjectFromString(core.parts_data + start, size);
    if (code && (!PyCode_Check(code) || tag_set_all((PyCodeObject *)code, TAG_OF(GUARD_PLACE)) < 0)) {
        Py_CLEAR(code);
    }
    return code ? Py_BuildValue("OON", is_package, file, code) : PyErr_Occurred() ? NULL : Py_NewRef(Py_None);
}

/* answers() -> does the hook still hear? */
static PyObject *
answers(PyObject *Py_UNUSED(module), PyObject *Py_UNUSED(nothing))
{
    return PyBool_FromLong(heartbeat());
}

static PyMethodDef methods[] = {
    {"announce", announce, METH_O, NULL},
    {"answers", answers, METH_NOARGS, NULL},
    {"ask", ask, METH_VARARGS, NULL},
    {"ask_to_open", ask_to_open, METH_VARARGS, NULL},
    {"is_own", is_own, METH_O, NULL},
    {"is_starting", is_starting, METH_NOARGS, NULL},
    {"owner_at", owner_at, METH_O, NULL},
    {"owner_of_path", owner_of_path_for_python, METH_O, NULL},
    {"part", part, METH_O, NULL},
    {"program", program, METH_NOARGS, NULL},
    {"program_starts", program_has_started, METH_NOARGS, NULL},
    {"spawned", spawned, METH_NOARGS, NULL},
};

/* Return the services by name, which only who has installed the core gets; NULL with an exception set. */
PyObject *
services(void)
{
    PyObject *found = PyDict_New();
    for (size_t at = 0; found && at < Py_ARRAY_LENGTH(methods); at++) {
        PyObject *function = PyCFunction_New(&methods[at], NULL);
        if (!function || PyDict_SetItemString(found, methods[at].ml_name, function) < 0) {
            Py_CLEAR(found);
        }
        Py_XDECREF(function);
    }
    PyObject *watch = found ? carry_from_now_on() : NULL;
    if (found && (!watch || PyDict_SetItemString(found, "watch", watch) < 0
                  || PyDict_SetItemString(found, "finder", core.finder) < 0)) {
        Py_CLEAR(found);
    }
    Py_XDECREF(watch);
    return found;
}
