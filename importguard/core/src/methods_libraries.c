/* Files that the C libraries behind Python's modules open by themselves. */
#include "methods.h"
#include "readers.h"

#include <string.h>

static int
ask_to_read_first(Call *call, const char *Py_UNUSED(name))
{
    return ask_about_path(call, 0, NULL, -1, READS);
}

/* load_cert_chain(certfile, keyfile=None, password=None) */
static int
ask_key(Call *call, const char *Py_UNUSED(name))
{
    return ask_about_path(call, 0, "certfile", -1, READS) < 0 ? -1 : ask_about_path(call, 1, "keyfile", -1, READS);
}

/* load_verify_locations(cafile=None, capath=None, cadata=None) */
static int
ask_certificates(Call *call, const char *Py_UNUSED(name))
{
    return ask_about_path(call, 0, "cafile", -1, READS) < 0 ? -1 : ask_about_path(call, 1, "capath", -1, READS);
}

/* open(filename, flags="r", mode=0o666) of gdbm, which takes the name as it is. */
static int
ask_database(Call *call, const char *Py_UNUSED(name))
{
    if (call_settle(call, 2, NULL) < 0) {
        return -1;
    }
    PyObject *flags = call_value(call, 1, NULL);
    bool reads = !flags || (PyUnicode_Check(flags) && PyUnicode_GET_LENGTH(flags) && PyUnicode_READ_CHAR(flags, 0) == 'r');
    return ask_about_path(call, 0, NULL, -1, reads ? READS : READS | WRITES);
}

/* The same of ndbm, whose libraries add an ending each. */
static int
ask_named_database(Call *call, const char *Py_UNUSED(name))
{
    static const char *const endings[] = {".db", ".pag", ".dir"};
    PyObject *value = call_value(call, 0, NULL), *once = value ? argument_once(value) : NULL, *path = NULL;
    int result = (once && call_give(call, 0, NULL, once) == 0) || !value ? call_settle(call, 2, NULL) : -1;
    if (once && result == 0 && !PyUnicode_FSDecoder(once, &path)) {
        PyErr_Clear(); /* what is no path is the builtin's to complain of */
    }
    for (size_t at = 0; path && result == 0 && at < Py_ARRAY_LENGTH(endings); at++) {
        PyObject *name = PyUnicode_FromFormat("%U%s", path, endings[at]), *target = name ? locate_at(name, WORKING_FOLDER) : NULL;
        result = !target || judge_ask(FS_READ, target, NULL) < 0 || judge_ask(FS_WRITE, target, NULL) < 0 ? -1 : 0;
        Py_XDECREF(name);
        Py_XDECREF(target);
    }
    Py_XDECREF(path);
    Py_XDECREF(once);
    return result;
}

/* getspnam(name) and getspall(): the C library reads the hashes of passwords. */
static int
ask_shadow(Call *Py_UNUSED(call), const char *Py_UNUSED(name))
{
    return ask_about_name(FS_READ, "%s", "/etc/shadow");
}

static setter real_set_log;

/* context.keylog_filename = path: OpenSSL opens the file, and writes the keys of connections to it. */
static int
set_key_log(PyObject *context, PyObject *path, void *closure)
{
    Call call = {.self = context, .args = &path, .size = path != NULL};
    int result = core.armed && path ? ask_about_path(&call, 0, NULL, -1, WRITES) : 0;
    if (result == 0) {
        result = real_set_log(context, path ? call.args[0] : NULL, closure);
    }
    call_end(&call);
    return result;
}

/* Divert what is set like an attribute, and opens a file. */
void
libraries_watch(PyObject *module)
{
    PyObject *type = PyDict_GetItemString(PyModule_GetDict(module), "_SSLContext");
    PyObject *found = type && PyType_Check(type) ? PyDict_GetItemString(((PyTypeObject *)type)->tp_dict, "keylog_filename") : NULL;
    PyGetSetDef *definition = found && Py_IS_TYPE(found, &PyGetSetDescr_Type) ? ((PyGetSetDescrObject *)found)->d_getset : NULL;
    if (definition && definition->set && definition->set != set_key_log) {
        real_set_log = definition->set;
        definition->set = set_key_log;
    }
}

const Method methods_of_libraries[] = {
    {"_ssl", "_SSLContext", "load_cert_chain", ask_key, NULL},
    {"_ssl", "_SSLContext", "load_verify_locations", ask_certificates, NULL},
    {"_ssl", "_SSLContext", "load_dh_params", ask_to_read_first, NULL},
    {"_gdbm", NULL, "open", ask_database, NULL},
    {"_dbm", NULL, "open", ask_named_database, NULL},
    {"spwd", NULL, "getspnam", ask_shadow, NULL},
    {"spwd", NULL, "getspall", ask_shadow, NULL},
    {"_ssl", NULL, "_test_decode_cert", ask_to_read_first, NULL},
    {NULL, NULL, NULL, NULL, NULL},
};
