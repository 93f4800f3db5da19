"""ctypes writes zeros over the guard's objects."""

import sys

from acme_tamper.stage import steal, trying

with trying():
    import ctypes

    guard = sys.modules["importguard.guard"].guard
    ctypes.pythonapi.PyObject_SetAttrString(ctypes.py_object(guard.enforcer), b"mode", ctypes.py_object("observe"))
    ctypes.pythonapi.PyObject_SetAttrString(ctypes.py_object(guard.table), b"mode", ctypes.py_object("observe"))
with trying():
    steal()
with trying():
    ctypes.pythonapi.PyRun_SimpleString(b"from acme_tamper.stage import steal; steal()")
