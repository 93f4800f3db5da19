/* An audit hook in C that returns at once: what no hook can be cheaper than. */
#define PY_SSIZE_T_CLEAN
#include <Python.h>

static int
hook(const char *event, PyObject *args, void *data)
{
    (void)event, (void)args, (void)data;
    return 0;
}

static struct PyModuleDef definition = {PyModuleDef_HEAD_INIT, "return_hook", NULL, -1, NULL, NULL, NULL, NULL, NULL};

PyMODINIT_FUNC
PyInit_return_hook(void)
{
    return PySys_AddAuditHook(hook, NULL) < 0 ? NULL : PyModule_Create(&definition);
}
