/* The corridor: whoever asks for something outside an audit event asks here. Twin: Guard.judge in guard.py. */
#include "judge.h"

static const char *const NAMES[CAPABILITY_COUNT] = {
    "import",   "net.connect", "net.listen", "net.resolve", "fs.read",     "fs.write", "fs.list",       "proc.spawn",
    "proc.signal", "env.read", "env.write",  "native.load", "native.call", "code.run", "runtime.patch",
};
static PyObject *names[CAPABILITY_COUNT]; /* interned */

/* Make the names of the capabilities; returns 0, or -1 with an exception set. */
int
judge_start(void)
{
    for (size_t at = 0; at < CAPABILITY_COUNT; at++) {
        if (!names[at] && !(names[at] = PyUnicode_InternFromString(NAMES[at]))) {
            return -1;
        }
    }
    return 0;
}

static int
ask_python(PyObject *capability, PyObject *target, PyObject *argv)
{
    PyObject *answer = PyObject_CallFunctionObjArgs(core.concerns, capability, target, NULL);
    int concerns = answer ? PyObject_IsTrue(answer) : -1;
    Py_XDECREF(answer);
    if (concerns != 1) {
        return concerns;
    }
    PyObject *frame = (PyObject *)PyEval_GetFrame(), *layer = PyUnicode_FromString("wrap");
    answer = layer ? PyObject_CallFunctionObjArgs(core.judge, capability, target, argv ? argv : Py_None,
                                                  frame ? frame : Py_None, layer, NULL)
                   : NULL;
    Py_XDECREF(layer);
    Py_XDECREF(answer);
    return answer ? 0 : -1;
}

/* Ask whether the code that runs may do this. `target` is an exact str, `argv` a tuple of str or NULL. Returns 0 to go on,
 * -1 with an exception set. What the guard itself does at work is let through; where nobody can judge, it is refused. */
int
judge_ask(Capability capability, PyObject *target, PyObject *argv)
{
    if (!core.armed) {
        return 0;
    }
    if (PyThreadState_GetInterpreter(PyThreadState_Get()) != core.interpreter || is_torn()) {
        return core.enforcing && capability != FS_READ && capability != FS_LIST ? refuse("a call") : 0;
    }
    if (busy_here() && guard_is_running()) {
        return 0;
    }
    return ask_python(names[capability], target, argv) < 0 ? without_our_frames() : 0;
}
