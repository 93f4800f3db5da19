"""Runs before `site` in every interpreter that finds this folder on PYTHONPATH, then becomes the real `encodings`.

CPython imports `encodings` from sys.path before anything else, with -S as well. This file must be readable for every
Python since 2.7, so that one that is too old for the guard can say so. It is no package until it becomes one: a module is
found with three calls of stat() fewer, each of which takes its time before there are codecs.
"""


def _enter(namespace):
    import sys

    folder = __file__.rpartition("/")[0]
    sys.path[:] = [entry for entry in sys.path if entry != folder]
    sys.path_importer_cache.pop(folder, None)
    if sys.version_info[:2] < (3, 11) or sys.implementation.name != "cpython":
        _pass_over(sys)
        return
    external = sys.modules["_frozen_importlib_external"]
    # Nothing that PYTHONPATH names may run before the guard: it comes back when the guard is there.
    given = sys.path[:]
    sys.path[:] = _own_path(sys, folder)
    spec = external.PathFinder.find_spec("encodings", sys.path)
    code = spec.loader.get_code("encodings")
    namespace.update(
        __file__=spec.origin,
        __package__=spec.name,
        __path__=spec.submodule_search_locations,
        __spec__=spec,
        __loader__=spec.loader,
        __cached__=spec.cached,
    )
    exec(code, namespace)
    is_guarded = _is_guarded_from_outside(sys)
    if is_guarded and not _observes():
        _restore_environment(folder)  # the C core refuses what nobody can judge here
    else:
        _arm(sys, folder, is_guarded)
    sys.path[:] = given


def _own_path(sys, folder):
    """Return the entries of sys.path that don't stem from PYTHONPATH, whose entries come first; `folder` is gone already."""
    import posix

    given = posix.environ.get(b"PYTHONPATH", b"").decode("utf-8", "surrogateescape")
    if sys.flags.ignore_environment or not given:
        return sys.path[:]
    return sys.path[len([entry for entry in given.split(":") if entry != folder]) :]


def _is_guarded_from_outside(sys):
    """Say whether this is a sub-interpreter of a process whose C core is armed in another one."""
    try:
        sys.audit("importguard.canary", "?")
    except PermissionError:
        return True
    return False


def _observes():
    import posix

    return posix.environ.get(b"_IMPORTGUARD", b"").rpartition(b"\x1f")[2] == b"observe"


def _restore_environment(folder):
    """Show the program the environment that its user gave it, as startup.py does where the guard is armed."""
    import posix

    posix.environ.pop(b"_IMPORTGUARD", None)
    given = posix.environ.pop(b"PYTHONPATH", b"").decode("utf-8", "surrogateescape").split(":")
    rest = ":".join([entry for entry in given if entry != folder])
    if rest:
        posix.environ[b"PYTHONPATH"] = rest.encode("utf-8", "surrogateescape")
    own = folder.rpartition("/")[0] + "/preload/igpreload.so"
    given = posix.environ.pop(b"LD_PRELOAD", b"").decode("utf-8", "surrogateescape")
    if given.endswith(":" + own):
        posix.environ[b"LD_PRELOAD"] = given[: -len(own) - 1].encode("utf-8", "surrogateescape")
    elif given and given != own:
        posix.environ[b"LD_PRELOAD"] = given.encode("utf-8", "surrogateescape")


def _arm(sys, folder, is_guarded):
    import gc

    # What is made here stays until the end. To look for garbage in it now, at each collection of the program and once
    # more when it ends would take as long as to make it.
    gc.disable()
    _load(sys, folder)
    sys.modules["importguard.startup"].enter(folder, is_inner=is_guarded)
    gc.freeze()
    gc.enable()
    del sys.modules["gc"]


def _load(sys, folder):
    place = folder.rpartition("/")[0].rpartition("/")[0]
    sys.path.insert(0, place)
    try:
        _load_bundle(sys, folder)
        import importguard.startup  # noqa: F401  (where there is no bundle)
    finally:
        sys.path.remove(place)
        sys.path_importer_cache.pop(place, None)


def _load_bundle(sys, folder):
    """Load what is in a bundle, as bundle.py says, where there is one. Twin: `load` in base.py, which can't be read before this."""
    import marshal
    import posix

    session = posix.environ.get(b"_IMPORTGUARD", b"").partition(b"\x1f")[0].rpartition(b"/")[0]
    # As bytes: before there are codecs each character of a path is encoded by itself.
    path = b"%s/base-%s-%x.bin" % (session, sys.implementation.cache_tag.encode(), sys.hexversion)
    try:
        fd = posix.open(path, posix.O_RDONLY | posix.O_CLOEXEC)
    except OSError:
        return
    try:
        number = posix.read(fd, 8)
        data = posix.read(fd, int.from_bytes(number, "little"))
    finally:
        posix.close(fd)
    head = marshal.loads(data)
    base = {"__name__": "_importguard_base", "__file__": folder + "/base.py"}
    exec(head[0], base)
    base["take"](path, len(number) + len(data), head)


def _pass_over(sys):
    """End an interpreter that can't be guarded; where the guard only observes, let it run as it is."""
    import posix

    told = {(str(name) if isinstance(name, str) else name.decode("latin-1")): value for name, value in posix.environ.items()}
    value = told.get("_IMPORTGUARD", "")
    if (value if isinstance(value, str) else value.decode("latin-1")).rpartition("\x1f")[2] == "observe":
        del sys.modules["encodings"]
        import encodings

        encodings  # the real one, which takes the place of this module
        return
    version = "%s %d.%d" % ((getattr(getattr(sys, "implementation", None), "name", "Python"),) + tuple(sys.version_info[:2]))
    text = "importguard IG302: %s can't be guarded (CPython 3.11 and later can); not started\n" % version
    # Python 2 has no codecs yet at this point, and needs none.
    posix.write(2, text if str is bytes else text.encode("ascii"))
    posix._exit(3)


def _fail(error):
    import posix

    text = "importguard IG301: the guard can't be loaded: %r; nothing was started\n" % (error,)
    posix.write(2, text if str is bytes else text.encode("ascii", "backslashreplace"))
    posix._exit(3)


try:
    _enter(globals())
except Exception as _error:
    _fail(_error)
for _name in ("_enter", "_arm", "_own_path", "_load", "_load_bundle", "_pass_over", "_fail", "_is_guarded_from_outside", "_observes", "_restore_environment", "_name"):
    globals().pop(_name, None)
