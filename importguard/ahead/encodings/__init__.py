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
    bundle = _open_bundle(sys)
    sys.path.insert(0, place)
    if bundle is not None:
        sys.meta_path.insert(0, bundle)
    try:
        import importguard.startup
    finally:
        sys.path.remove(place)
        sys.path_importer_cache.pop(place, None)
        if bundle is not None:
            sys.meta_path.remove(bundle)
    importguard.startup.enter(folder)


def _open_bundle(sys):
    """Return a finder for the trusted base in one file, where the session has one for this very interpreter."""
    import marshal
    import posix

    session = posix.environ.get(b"_IMPORTGUARD", b"").partition(b"\x1f")[0].rpartition(b"/")[0]
    name = "/base-%s-%x.bin" % (sys.implementation.cache_tag, sys.hexversion)
    try:
        fd = posix.open(session + name.encode("ascii"), posix.O_RDONLY | posix.O_CLOEXEC)
    except OSError:
        return None
    try:
        entries = marshal.loads(posix.read(fd, posix.fstat(fd).st_size))
    finally:
        posix.close(fd)
    spec_type = type(sys.__spec__)

    class Bundle:
        def find_spec(self, name, path=None, target=None):
            entry = entries.get(name)
            if entry is None:
                return None
            is_package, file, code = entry
            spec = spec_type(name, self, origin=file, is_package=is_package)
            spec.has_location = True
            if is_package:
                spec.submodule_search_locations.append(file.rpartition("/")[0])
            return spec

        def create_module(self, spec):
            return None

        def exec_module(self, module):
            exec(entries[module.__name__][2], module.__dict__)

    return Bundle()


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
for _name in ("_enter", "_arm", "_open_bundle", "_refuse", "_fail", "_name"):
    globals().pop(_name, None)
