"""ctypes writes zeros over the guard's objects."""

from acme_tamper.stage import everything, steal, trying

with trying():
    import ctypes

    for thing in everything():
        for name, value in (("mode", "observe"), ("enforces", False)):
            if hasattr(thing, name):
                ctypes.pythonapi.PyObject_SetAttrString(ctypes.py_object(thing), name.encode(), ctypes.py_object(value))
with trying():
    steal()
with trying():
    ctypes.pythonapi.PyRun_SimpleString(b"from acme_tamper.stage import steal; steal()")
