/* The functions of the import system, as they were when the process was armed. */
#include "standins.h"

Pinned pinned;

/* Return the code of a function of a module's or of a type's; NULL with an exception set. */
PyCodeObject *
code_at(PyObject *module, const char *type, const char *name)
{
    PyObject *holder = type ? PyObject_GetAttrString(module, type) : Py_NewRef(module);
    PyObject *function = holder ? PyObject_GetAttrString(holder, name) : NULL;
    if (function && PyMethod_Check(function)) {
        Py_SETREF(function, Py_NewRef(PyMethod_GET_FUNCTION(function)));
    }
    PyObject *code = function && PyFunction_Check(function) ? PyFunction_GET_CODE(function) : NULL;
    Py_XDECREF(holder);
    Py_XDECREF(function);
    if (!code && !PyErr_Occurred()) {
        PyErr_Format(PyExc_RuntimeError, "importlib has no function %s", name);
    }
    return (PyCodeObject *)Py_XNewRef(code);
}

static int
pin_from(PyObject *bootstrap, PyObject *external)
{
    pinned.import_globals[0] = PyModule_GetDict(bootstrap);
    pinned.import_globals[1] = PyModule_GetDict(external);
    pinned.load_unlocked = code_at(bootstrap, NULL, "_load_unlocked");
    pinned.exec_body = pinned.load_unlocked ? code_at(bootstrap, NULL, "_exec") : NULL;
    pinned.find_and_load = pinned.exec_body ? code_at(bootstrap, NULL, "_find_and_load") : NULL;
    pinned.find_spec = pinned.find_and_load ? code_at(bootstrap, NULL, "_find_spec") : NULL;
    pinned.call_removed = pinned.find_spec ? code_at(bootstrap, NULL, "_call_with_frames_removed") : NULL;
    pinned.compile_bytecode = pinned.call_removed ? code_at(external, NULL, "_compile_bytecode") : NULL;
    pinned.source_to_code = pinned.compile_bytecode ? code_at(external, "SourceLoader", "source_to_code") : NULL;
    pinned.get_data = pinned.source_to_code ? code_at(external, "FileLoader", "get_data") : NULL;
    pinned.exec_module = pinned.get_data ? code_at(external, "_LoaderBasics", "exec_module") : NULL;
    pinned.source_loader = pinned.exec_module ? PyObject_GetAttrString(external, "SourceFileLoader") : NULL;
    return pinned.source_loader && looks_watch(bootstrap, external) == 0 ? standins_start(bootstrap, external) : -1;
}

static int
pin_from_zip(PyObject *zipimport)
{
    pinned.zip_globals = Py_NewRef(PyModule_GetDict(zipimport));
    pinned.zip_unmarshal = code_at(zipimport, NULL, "_unmarshal_code");
    pinned.zip_compile = pinned.zip_unmarshal ? code_at(zipimport, NULL, "_compile_source") : NULL;
    pinned.zip_find = pinned.zip_compile ? code_at(zipimport, NULL, "_get_module_code") : NULL;
    return pinned.zip_find ? 0 : -1;
}

/* Say whether code is known as that of a function of the import system. */
bool
pinned_has(const PyCodeObject *code)
{
    const PyCodeObject *const all[] = {
        pinned.exec_body,        pinned.load_unlocked,  pinned.find_and_load, pinned.find_spec,   pinned.call_removed, pinned.compile_bytecode,
        pinned.source_to_code,   pinned.get_data,       pinned.exec_module,   pinned.zip_unmarshal, pinned.zip_compile, pinned.zip_find,
    };
    size_t at = 0;
    while (at < Py_ARRAY_LENGTH(all) && all[at] != code) {
        at++;
    }
    return at < Py_ARRAY_LENGTH(all);
}

/* Remember the functions of the import system by their code, which has no other copy. Returns 0, or -1 with an exception
 * set. */
int
pinned_start(void)
{
    PyObject *bootstrap = PyImport_ImportModule("_frozen_importlib");
    PyObject *external = bootstrap ? PyImport_ImportModule("_frozen_importlib_external") : NULL;
    PyObject *zipimport = external ? PyImport_ImportModule("zipimport") : NULL;
    int result = zipimport && pin_from_zip(zipimport) == 0 ? pin_from(bootstrap, external) : -1;
    Py_XDECREF(zipimport);
    Py_XDECREF(bootstrap);
    Py_XDECREF(external);
    return result;
}
