/* What the twin tests ask of the readers. None of it answers in a guarded process. */
#include "readers.h"

static bool
may_be_shown(void)
{
    if (core.armed) {
        PyErr_SetString(PyExc_RuntimeError, "importguard: not in a guarded process");
    }
    return !core.armed;
}

static PyObject *
shown(const Asked *asked)
{
    return Py_BuildValue("(iOOy#O)", (int)asked->capability, asked->target, asked->argv ? asked->argv : Py_None,
                         asked->text.data, (Py_ssize_t)asked->text.size, asked->certain ? Py_True : Py_False);
}

static PyObject *
all_shown(const Asked *asked, int count)
{
    PyObject *list = PyList_New(count);
    for (int at = 0; list && at < count; at++) {
        PyObject *item = shown(&asked[at]);
        if (!item) {
            Py_CLEAR(list);
            break;
        }
        PyList_SET_ITEM(list, at, item);
    }
    return list;
}

static PyObject *
read_event(PyObject *Py_UNUSED(module), PyObject *given)
{
    const char *event;
    PyObject *args;
    int strict, count;
    Asked asked[MOST_ASKED];
    if (!may_be_shown() || !PyArg_ParseTuple(given, "sO!p", &event, &PyTuple_Type, &args, &strict)) {
        return NULL;
    }
    const Reader *reader = readers_find(event);
    if (!reader) {
        Py_RETURN_NONE;
    }
    if (readers_read_as(reader, args, strict, asked, &count) < 0) {
        return NULL;
    }
    PyObject *list = all_shown(asked, count);
    asked_clear(asked, count);
    return list;
}

static PyObject *
events_read(PyObject *Py_UNUSED(module), PyObject *Py_UNUSED(nothing))
{
    size_t count;
    const Reader *readers = readers_all(&count);
    PyObject *events = may_be_shown() ? PyDict_New() : NULL;
    for (size_t at = 0; events && at < count; at++) {
        PyObject *facts = Py_BuildValue("(iOO)", readers[at].asks, reader_acts(&readers[at]) ? Py_True : Py_False,
                                        readers[at].of_code ? Py_True : Py_False);
        if (!facts || PyDict_SetItemString(events, readers[at].event, facts) < 0) {
            Py_CLEAR(events);
        }
        Py_XDECREF(facts);
    }
    return events;
}

static PyObject *
nothing_unless_error(PyObject *text)
{
    return text || PyErr_Occurred() ? text : Py_NewRef(Py_None);
}

static PyObject *
resolve(PyObject *Py_UNUSED(module), PyObject *given)
{
    PyObject *path;
    int dir_fd = WORKING_FOLDER;
    if (!may_be_shown() || !PyArg_ParseTuple(given, "O|i", &path, &dir_fd)) {
        return NULL;
    }
    return nothing_unless_error(locate_at(path, dir_fd));
}

static PyObject *
forget(PyObject *Py_UNUSED(module), PyObject *Py_UNUSED(nothing))
{
    if (!may_be_shown()) {
        return NULL;
    }
    paths_forget();
    Py_RETURN_NONE;
}

static PyObject *
show_program_path(PyObject *Py_UNUSED(module), PyObject *given)
{
    PyObject *path, *folder;
    if (!may_be_shown() || !PyArg_ParseTuple(given, "OO", &path, &folder)) {
        return NULL;
    }
    return nothing_unless_error(program_path(path, folder));
}

static PyObject *
show_first_executable(PyObject *Py_UNUSED(module), PyObject *given)
{
    PyObject *candidates, *folder;
    if (!may_be_shown() || !PyArg_ParseTuple(given, "O!O", &PyTuple_Type, &candidates, &folder)) {
        return NULL;
    }
    Py_ssize_t at = first_executable(candidates, folder);
    return at < -1 ? NULL : PyLong_FromSsize_t(at);
}

static PyObject *
show_argv_text(PyObject *Py_UNUSED(module), PyObject *argv)
{
    return may_be_shown() ? argv_text(argv) : NULL;
}

static PyObject *
show_argument_once(PyObject *Py_UNUSED(module), PyObject *value)
{
    return may_be_shown() ? argument_once(value) : NULL;
}

static PyObject *
show_address_text(PyObject *Py_UNUSED(module), PyObject *address)
{
    return may_be_shown() ? nothing_unless_error(address_text(address)) : NULL;
}

/* Take a path from the twin test as a Text; return 0, or -1 with an error. */
static int
take_text(PyObject *path, Text *text, PyObject **keeper)
{
    if (!PyUnicode_CheckExact(path)) {
        PyErr_SetString(PyExc_TypeError, "a path is a str");
        return -1;
    }
    return text_of(path, text, keeper);
}

static PyObject *
note(PyObject *Py_UNUSED(module), PyObject *path)
{
    Text text;
    PyObject *keeper;
    if (!may_be_shown() || take_text(path, &text, &keeper) < 0) {
        return NULL;
    }
    int result = written_note(text);
    Py_XDECREF(keeper);
    return result < 0 ? NULL : Py_NewRef(Py_None);
}

static PyObject *
move(PyObject *Py_UNUSED(module), PyObject *given)
{
    PyObject *from, *to, *keepers[2] = {NULL, NULL};
    Text source, target;
    int result = -1;
    if (!may_be_shown() || !PyArg_ParseTuple(given, "OO", &from, &to)) {
        return NULL;
    }
    if (take_text(from, &source, &keepers[0]) == 0 && take_text(to, &target, &keepers[1]) == 0) {
        result = written_move(source, target);
    }
    Py_XDECREF(keepers[0]);
    Py_XDECREF(keepers[1]);
    return result < 0 ? NULL : Py_NewRef(Py_None);
}

static PyObject *
show_question(PyObject *path, bool (*question)(Text))
{
    Text text;
    PyObject *keeper;
    if (!may_be_shown() || take_text(path, &text, &keeper) < 0) {
        return NULL;
    }
    bool result = question(text);
    Py_XDECREF(keeper);
    return PyBool_FromLong(result);
}

static PyObject *
holds(PyObject *Py_UNUSED(module), PyObject *path)
{
    return show_question(path, written_holds);
}

static PyObject *
reaches(PyObject *Py_UNUSED(module), PyObject *path)
{
    return show_question(path, written_reaches);
}

PyMethodDef readers_methods[] = {
    {"read_event", read_event, METH_VARARGS, PyDoc_STR("read_event(event, args, strict) -> [(capability, target, argv, text, certain)]")},
    {"events_read", events_read, METH_NOARGS, PyDoc_STR("Return {event: (what it asks for, does it act, is it of code)}.")},
    {"resolve", resolve, METH_VARARGS, PyDoc_STR("resolve(path, dir_fd=-1) -> an absolute path without links, or None")},
    {"forget_folders", forget, METH_NOARGS, PyDoc_STR("Drop what is known of folders.")},
    {"program_path", show_program_path, METH_VARARGS, PyDoc_STR("program_path(path, folder) -> str or None")},
    {"first_executable", show_first_executable, METH_VARARGS, PyDoc_STR("first_executable(candidates, folder) -> int")},
    {"argv_text", show_argv_text, METH_O, PyDoc_STR("argv_text(argv) -> tuple of str")},
    {"argument_once", show_argument_once, METH_O, PyDoc_STR("Return a path argument that answers the same to whoever asks.")},
    {"address_text", show_address_text, METH_O, PyDoc_STR("address_text(address) -> str or None")},
    {"written_note", note, METH_O, PyDoc_STR("Take note that a path was written.")},
    {"written_move", move, METH_VARARGS, PyDoc_STR("written_move(source, target): a folder gets another name.")},
    {"written_holds", holds, METH_O, PyDoc_STR("Say whether a path was written.")},
    {"written_reaches", reaches, METH_O, PyDoc_STR("Say whether a path was written, or leads to one that was.")},
    {NULL, NULL, 0, NULL},
};
