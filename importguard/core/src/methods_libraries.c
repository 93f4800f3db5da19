/* Files that the C libraries behind Python's modules open by themselves. */
#include "methods.h"

#include <string.h>

static int
ask_to_read_first(Call *call, const char *Py_UNUSED(name))
{
    return ask_about_path(call, 0, NULL, -1, READS);
}

static int
ask_to_write_first(Call *call, const char *Py_UNUSED(name))
{
    return ask_about_path(call, 0, NULL, -1, WRITES);
}

/* append_history_file(nelements, filename=None) */
static int
ask_to_append(Call *call, const char *Py_UNUSED(name))
{
    return ask_about_path(call, 1, NULL, -1, WRITES);
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
    {"readline", NULL, "read_history_file", ask_to_read_first, NULL},
    {"readline", NULL, "read_init_file", ask_to_read_first, NULL},
    {"readline", NULL, "write_history_file", ask_to_write_first, NULL},
    {"readline", NULL, "append_history_file", ask_to_append, NULL},
    {"_ssl", "_SSLContext", "load_cert_chain", ask_key, NULL},
    {"_ssl", "_SSLContext", "load_verify_locations", ask_certificates, NULL},
    {"_ssl", "_SSLContext", "load_dh_params", ask_to_read_first, NULL},
    {"_ssl", NULL, "_test_decode_cert", ask_to_read_first, NULL},
    {NULL, NULL, NULL, NULL, NULL},
};
