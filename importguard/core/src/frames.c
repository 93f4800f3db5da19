/* Python frames from the innermost outwards: the interpreter's own, or the public API where those are not as expected. */
#include "ccore.h"

#include <opcode.h>
#if PY_VERSION_HEX >= 0x030C0000
#include "internal/pycore_intrinsics.h"
#endif

static OFTEN _PyInterpreterFrame *
current(void)
{
#if PY_VERSION_HEX < 0x030D0000
    return PyThreadState_Get()->cframe->current_frame;
#else
    return PyThreadState_Get()->current_frame;
#endif
}

static void
rest_publicly(Cursor *cursor)
{
    cursor->code = NULL;
    if (cursor->outer) {
        cursor->code = PyFrame_GetCode(cursor->outer);
        Py_DECREF(cursor->code);
    }
}

static OFTEN void
start(Cursor *cursor, PyFrameObject *frame, bool is_public)
{
    cursor->inner = NULL;
    cursor->outer = NULL;
    cursor->is_public = is_public;
    if (is_public) {
        cursor->outer = frame ? (PyFrameObject *)Py_NewRef(frame) : PyThreadState_GetFrame(PyThreadState_Get());
        rest_publicly(cursor);
    }
    else {
        cursor_rest(cursor, frame ? frame->f_frame : current());
    }
}

/* Start at a frame, or at the innermost one for NULL. */
OFTEN void
cursor_start(Cursor *cursor, PyFrameObject *frame)
{
    start(cursor, frame, core.public_frames);
}

void
cursor_back_publicly(Cursor *cursor)
{
    Py_SETREF(cursor->outer, PyFrame_GetBack(cursor->outer));
    rest_publicly(cursor);
}

OFTEN void
cursor_end(Cursor *cursor)
{
    Py_CLEAR(cursor->outer);
}

/* Return the identity of the innermost frame, NULL where none is. */
const void *
frame_here(void)
{
    Cursor cursor;
    cursor_start(&cursor, NULL);
    const void *frame = cursor.code ? cursor_identity(&cursor) : NULL;
    cursor_end(&cursor);
    return frame;
}

/* Return a new reference to the globals of a frame. */
PyObject *
cursor_globals(const Cursor *cursor)
{
    return cursor->is_public ? PyFrame_GetGlobals(cursor->outer) : Py_NewRef(cursor->inner->f_globals);
}

static PyObject *
public_local(PyFrameObject *frame, PyObject *name)
{
    PyObject *locals = PyFrame_GetLocals(frame), *value = NULL;
    if (locals) {
        value = PyObject_GetItem(locals, name);
        Py_DECREF(locals);
    }
    if (!value) {
        PyErr_Clear();
    }
    return value;
}

/* Return a new reference to a plain local variable of a frame, by its interned name; NULL without an exception. */
PyObject *
cursor_local(const Cursor *cursor, PyObject *name)
{
    if (cursor->is_public) {
        return public_local(cursor->outer, name);
    }
    PyObject *names = cursor->code->co_localsplusnames; /* interned as well, as the names in all code are */
    for (Py_ssize_t at = 0; at < PyTuple_GET_SIZE(names); at++) {
        if (PyTuple_GET_ITEM(names, at) == name) {
            return Py_XNewRef(cursor->inner->localsplus[at]);
        }
    }
    return NULL;
}

#define UNIT ((int)sizeof(_Py_CODEUNIT))

/* Return where in its code a frame is, in units; negative before its first instruction. */
static int
place_of(const Cursor *cursor)
{
    if (cursor->is_public) {
        return PyFrame_GetLasti(cursor->outer) / UNIT;
    }
    return _PyInterpreterFrame_LASTI(cursor->inner);
}

static bool
is_import(int operation, int argument)
{
#if PY_VERSION_HEX < 0x030C0000
    return operation == IMPORT_NAME || operation == IMPORT_FROM || operation == IMPORT_STAR || argument < 0;
#else
    return operation == IMPORT_NAME || operation == IMPORT_FROM || (operation == CALL_INTRINSIC_1 && argument == INTRINSIC_IMPORT_STAR);
#endif
}

/* Say whether an instruction may be another one than it seems: somebody traces, and it is kept elsewhere. */
static bool
is_instrumented(int operation)
{
#if PY_VERSION_HEX < 0x030C0000
    return operation < 0;
#else
    return operation == INSTRUMENTED_LINE || operation == INSTRUMENTED_INSTRUCTION;
#endif
}

/* Say whether a frame is in the midst of an import statement. What stands where it is may be the cache of the instruction before, on 3.11 and
 * 3.12, and look like anything: the public API tells it as it was compiled. */
bool
cursor_imports(const Cursor *cursor)
{
    int at = place_of(cursor);
    if (at < 0 || at >= (int)Py_SIZE(cursor->code)) {
        return false;
    }
    _Py_CODEUNIT unit = _PyCode_CODE(cursor->code)[at];
    if (!is_import(_Py_OPCODE(unit), _Py_OPARG(unit)) && !is_instrumented(_Py_OPCODE(unit))) {
        return false;
    }
    PyObject *code = PyCode_GetCode(cursor->code);
    const unsigned char *bytes = code ? (const unsigned char *)PyBytes_AS_STRING(code) + at * UNIT : NULL;
    bool result = !bytes || is_import(bytes[0], bytes[1]); /* without memory the stricter */
    Py_XDECREF(code);
    PyErr_Clear();
    return result;
}

/* Return the code objects of all frames of this thread, by either way. */
PyObject *
frames_codes(bool is_public)
{
    PyObject *codes = PyList_New(0);
    Cursor cursor;
    if (!codes) {
        return NULL;
    }
    for (start(&cursor, NULL, is_public); cursor.code; cursor_back(&cursor)) {
        if (PyList_Append(codes, (PyObject *)cursor.code) < 0) {
            Py_CLEAR(codes);
            break;
        }
    }
    cursor_end(&cursor);
    return codes;
}

/* Take the public API for good when the interpreter's own frames don't show the same code objects. */
int
frames_check(void)
{
    PyObject *own = frames_codes(false), *documented = frames_codes(true);
    int result = -1;
    if (own && documented) {
        Py_ssize_t size = PyList_GET_SIZE(documented);
        bool same = PyList_GET_SIZE(own) == size;
        for (Py_ssize_t at = 0; same && at < size; at++) {
            same = PyList_GET_ITEM(own, at) == PyList_GET_ITEM(documented, at);
        }
        core.public_frames = PUBLIC_API || !same;
        result = 0;
    }
    Py_XDECREF(own);
    Py_XDECREF(documented);
    return result;
}
