"""Runs before `site` in every interpreter that finds this folder on PYTHONPATH, then becomes the real `encodings`.

CPython imports `encodings` from sys.path before anything else, with -S as well. This file must be readable for every
Python since 2.7, so that one that is too old for the guard can say so.
"""


def _enter(namespace):
    import sys

    folder = __file__.replace("\\", "/").rpartition("/encodings/")[0]
    sys.path[:] = [entry for entry in sys.path if entry != folder]
    sys.path_importer_cache.pop(folder, None)
    if sys.version_info < (3, 11) or sys.implementation.name != "cpython":
        _refuse(sys)
    external = sys.modules["_frozen_importlib_external"]
    spec = external.PathFinder.find_spec("encodings", sys.path)
    code = spec.loader.get_code("encodings")
    namespace.update(
        __file__=spec.origin,
        __path__=spec.submodule_search_locations,
        __spec__=spec,
        __loader__=spec.loader,
        __cached__=spec.cached,
    )
    exec(code, namespace)
    _arm(sys, folder)


def _arm(sys, folder):
    place = folder.rpartition("/")[0].rpartition("/")[0]
    sys.path.insert(0, place)
    try:
        import importguard.startup
    finally:
        sys.path.remove(place)
        sys.path_importer_cache.pop(place, None)
    importguard.startup.enter(folder)


def _refuse(sys):
    import posix

    version = "%d.%d" % sys.version_info[:2]
    text = "importguard IG302: Python %s can't be guarded (CPython 3.11 or later can); it was not started\n" % version
    posix.write(2, text.encode("ascii"))
    posix._exit(3)


def _fail(error):
    import posix

    text = "importguard IG301: the guard can't be loaded: %r; nothing was started\n" % (error,)
    posix.write(2, text.encode("ascii", "backslashreplace"))
    posix._exit(3)


try:
    _enter(globals())
except Exception as _error:
    _fail(_error)
for _name in ("_enter", "_arm", "_refuse", "_fail", "_name"):
    globals().pop(_name, None)
