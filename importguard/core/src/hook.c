/* The audit hook. Twin: the function `hook` in pycore.py. */
#include "ccore.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#if PY_VERSION_HEX < 0x030D0000
#define thread_state _PyThreadState_UncheckedGet
#define is_finalizing _Py_IsFinalizing
#else
#define thread_state PyThreadState_GetUnchecked
#define is_finalizing Py_IsFinalizing
#endif

Core core;

/* Raise that nobody can judge; returns -1. */
int
refuse(const char *event)
{
    PyObject *text = PyUnicode_FromFormat(
        "importguard IG203: nobody can judge '%s' here (a sub-interpreter, or an interpreter that ends)", event);
    PyObject *error = text ? PyObject_CallFunction(PyExc_PermissionError, "iO", EACCES, text) : NULL;
    if (error) {
        PyErr_SetObject(PyExc_PermissionError, error);
    }
    Py_XDECREF(text);
    Py_XDECREF(error);
    return -1;
}

static bool
is_python_file(PyObject *path)
{
    static const char *const suffixes[] = {".py", ".pyc", ".so", ".pth", "/pyvenv.cfg"};
    for (size_t at = 0; PyUnicode_CheckExact(path) && at < Py_ARRAY_LENGTH(suffixes); at++) {
        PyObject *suffix = PyUnicode_FromString(suffixes[at]);
        Py_ssize_t found = suffix ? PyUnicode_Tailmatch(path, suffix, 0, PyUnicode_GET_LENGTH(path), 1) : 0;
        Py_XDECREF(suffix);
        if (found == 1) {
            return true;
        }
    }
    PyErr_Clear();
    return false;
}

/* An `open` that an interpreter can't do without: Python's own kind of file, for reading, or a descriptor. */
static bool
is_reading_code(PyObject *args)
{
    if (PyTuple_GET_SIZE(args) != 3 || !PyLong_CheckExact(PyTuple_GET_ITEM(args, 2))) {
        return false;
    }
    if (PyLong_CheckExact(PyTuple_GET_ITEM(args, 0))) {
        return true; /* it is open already */
    }
    long flags = PyLong_AsLong(PyTuple_GET_ITEM(args, 2));
    PyErr_Clear();
    return flags >= 0 && !(flags & (O_WRONLY | O_RDWR | O_CREAT | O_TRUNC | O_APPEND))
           && is_python_file(PyTuple_GET_ITEM(args, 0));
}

/* Modules that start programs or call anything, and raise no event when they do. */
static bool
is_silent_module(PyObject *args)
{
    static const char *const names[] = {"_posixsubprocess", "_ctypes", "_tkinter"};
    PyObject *name = PyTuple_GET_SIZE(args) == 5 ? PyTuple_GET_ITEM(args, 0) : NULL;
    for (size_t at = 0; name && PyUnicode_CheckExact(name) && at < Py_ARRAY_LENGTH(names); at++) {
        if (PyUnicode_CompareWithASCIIString(name, names[at]) == 0) {
            return true;
        }
    }
    return false;
}

/* Where Python can't be asked, what changes or reaches anything is refused, and so is reading what is no code. */
static int
answer_unasked(const Event *found, const char *event, PyObject *args)
{
    /* A canary with an argument asks whether this interpreter is guarded from outside. */
    bool is_question = found->role == CANARY && PyTuple_GET_SIZE(args) > 0;
    if (!core.enforcing && !is_question) {
        return 0;
    }
    if (found->role == CANARY || (found->role == IMPORT && is_silent_module(args))) {
        return refuse(event);
    }
    if (found->role != READ) {
        return 0;
    }
    if (strcmp(event, "open") == 0 ? is_reading_code(args) : !found->acts) {
        return 0;
    }
    return refuse(event);
}

/* Say whether the interpreter has taken the guard's modules apart. */
bool
is_torn(void)
{
    if (!is_finalizing()) {
        return false;
    }
    for (Py_ssize_t at = 0; at < PyTuple_GET_SIZE(core.namespaces); at++) {
        PyObject *name = PyDict_GetItemString(PyTuple_GET_ITEM(core.namespaces, at), "__name__");
        if (!name || !PyUnicode_Check(name)) {
            return true;
        }
    }
    return false;
}

static int
ask_about(PyObject *request)
{
    if (!PyTuple_Check(request) || PyTuple_GET_SIZE(request) != 3) {
        PyErr_SetString(PyExc_TypeError, "a reader gives (capability, target, argv)");
        return -1;
    }
    PyObject *capability = PyTuple_GET_ITEM(request, 0), *target = PyTuple_GET_ITEM(request, 1);
    PyObject *answer = PyObject_CallFunctionObjArgs(core.concerns, capability, target, NULL);
    int concerns = answer ? PyObject_IsTrue(answer) : -1;
    Py_XDECREF(answer);
    if (concerns != 1) {
        return concerns;
    }
    PyObject *frame = (PyObject *)PyEval_GetFrame();
    PyObject *argv = PyTuple_GET_ITEM(request, 2);
    answer = PyObject_CallFunctionObjArgs(core.judge, capability, target, argv, frame ? frame : Py_None, NULL);
    Py_XDECREF(answer);
    return answer ? 0 : -1;
}

static int
read_and_ask(const Event *found, PyObject *args)
{
    PyObject *plain = arguments_plain(args);
    PyObject *answer = plain ? PyObject_CallOneArg(found->reader, plain) : NULL;
    PyObject *requests = answer ? PySequence_Fast(answer, "a reader gives a sequence") : NULL;
    int result = requests ? 0 : -1;
    for (Py_ssize_t at = 0; result == 0 && at < PySequence_Fast_GET_SIZE(requests); at++) {
        result = ask_about(PySequence_Fast_GET_ITEM(requests, at));
    }
    Py_XDECREF(plain);
    Py_XDECREF(answer);
    Py_XDECREF(requests);
    return result;
}

static int
tell(PyObject *door, PyObject *args)
{
    PyObject *answer = PyObject_CallOneArg(door, args);
    Py_XDECREF(answer);
    return answer ? 0 : -1;
}

static int
tell_start(const char *event, PyObject *args)
{
    PyObject *answer = PyObject_CallFunction(core.on_program, "sO", event, args);
    Py_XDECREF(answer);
    return answer ? 0 : -1;
}

/* Whoever reads the traceback looks for their own frames, not for ours. */
int
without_our_frames(void)
{
#if PY_VERSION_HEX >= 0x030C0000
    PyObject *error = PyErr_GetRaisedException();
    PyException_SetTraceback(error, Py_None);
    PyException_SetContext(error, NULL);
    PyErr_SetRaisedException(error);
#else
    PyObject *type, *error, *traceback;
    PyErr_Fetch(&type, &error, &traceback);
    PyErr_NormalizeException(&type, &error, &traceback);
    PyException_SetTraceback(error, Py_None);
    PyException_SetContext(error, NULL);
    Py_XDECREF(traceback);
    PyErr_Restore(type, error, NULL);
#endif
    return -1;
}

/* An import that loads no shared object, while the finder stands where it should, is nothing to talk about. */
static bool
is_plain_import(PyObject *args)
{
    if (PyTuple_GET_SIZE(args) != 5 || PyTuple_GET_ITEM(args, 1) != Py_None) {
        return false;
    }
    PyObject *meta_path = PyTuple_GET_ITEM(args, 3);
    return PyList_CheckExact(meta_path) && PyList_GET_SIZE(meta_path) > 0
           && PyList_GET_ITEM(meta_path, 0) == core.finder;
}

/* Tags come first, whoever is at work. */
static int
follow_code(const Event *found, PyObject *args)
{
    switch (found->role) {
    case EXEC:
        return creation_on_exec(args);
    case NEW_FUNCTION:
        return creation_on_function(args);
    case SET_ATTRIBUTE:
        return creation_on_set_attribute(args);
    default:
        return 0;
    }
}

int
hook(const char *event, PyObject *args, void *Py_UNUSED(data))
{
    const Event *found = events_find(event);
    if (!found || !core.armed) {
        return 0;
    }
    PyThreadState *thread = thread_state();
    if (!thread) {
        return 0;
    }
    if (PyThreadState_GetInterpreter(thread) != core.interpreter) {
        return answer_unasked(found, event, args);
    }
    if (follow_code(found, args) < 0) {
        return -1;
    }
    if (found->role == CANARY) {
        core.answered = true;
        return 0;
    }
    if (found->role == PROGRAM && !creation_program_starts(event)) {
        return 0;
    }
    if ((busy_here() && guard_is_running()) || (found->role == IMPORT && is_plain_import(args))) {
        return 0;
    }
    if (is_torn()) {
        return answer_unasked(found, event, args);
    }
    if (found->role == PROGRAM) {
        return tell_start(event, args);
    }
    int result = found->role == IMPORT ? tell(core.on_import, args) : found->reader ? read_and_ask(found, args) : 0;
    return result < 0 ? without_our_frames() : 0;
}
