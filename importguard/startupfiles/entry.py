"""Puts importguard in charge of this interpreter; `importguard enable` writes a copy of this, `disable` removes it."""

import posix
import sys

# Filled in when the copy is written: importguard's folder and its session file; the site directories up to this one, in
# the order of `site`, "" for the user's own; lines of start-up files that were known then; the sitecustomize kept aside.
PACKAGE = ""
SESSION = ""
SITES = ()
APPROVED = ()
PREVIOUS = ""

FOLDER = __file__.rpartition("/")[0]
SITE = FOLDER.rpartition("/")[0]
OWN = "!importguard.pth"
LAST = "\U0010ffff"
MODES = (None, b"off", b"observe", b"enforce")

ran_before = None


def enter(own=OWN):
    """Arm the guard once; `own` is the name of the start-up file that asks. Never returns unguarded unless told so."""
    global ran_before
    mode = posix.environ.get(b"IMPORTGUARD") or None
    if mode == b"off" or ran_before is not None:
        return
    try:
        if mode not in MODES:
            raise ValueError("IMPORTGUARD=%r is none of off, observe, enforce" % mode.decode("utf-8", "replace"))
        startup, early = load()
        ran_before = early.before(sites(), own, APPROVED)
        startup.enter_late(SESSION)
        report()
    # Whatever it is that went wrong: a program that was to be guarded must not start without.
    except BaseException as error:
        refuse(error)


def enter_last():
    """Arm the guard from sitecustomize, where the .pth file was not run: by now all others were."""
    enter(LAST)


def load():
    """Import importguard from PACKAGE, with nothing of its folder on sys.path, and return what arms."""
    external = sys.modules["_frozen_importlib_external"]
    base = load_file(external, "_importguard_base", PACKAGE + "/ahead/base.py", None)
    try:
        if not base.load(FOLDER) and "importguard" not in sys.modules:
            load_file(external, "importguard", PACKAGE + "/__init__.py", [PACKAGE])
        from importguard import startup
        from importguard.startupfiles import early
    finally:
        del sys.modules["_importguard_base"]
    return startup, early


def load_file(external, name, path, locations):
    """Import a module from a file, whatever sys.path says."""
    spec = external.spec_from_file_location(name, path, submodule_search_locations=locations)
    module = sys.modules[name] = sys.modules["_frozen_importlib"].module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def sites():
    """Return the site directories that were gone through up to this one."""
    site = sys.modules.get("site")
    user = (site.USER_SITE or "") if site is not None and site.ENABLE_USER_SITE else ""
    return tuple(folder or user for folder in SITES if folder or user)


def report():
    """Record, or refuse, what ran before the guard did."""
    if not ran_before:
        return
    guard = sys.modules["importguard.guard"].guard
    if guard.corridor.refuses_startup_files:
        raise PermissionError("start-up files ran before the guard: %s" % ", ".join(map(repr, ran_before)))
    names = ", ".join(map(repr, ran_before))
    guard.recorder.record("degraded", reason="start-up files ran before the guard: " + names, targets=list(ran_before))


def refuse(error):
    """Say one line and end the process."""
    text = "importguard IG301: the guard of this environment can't be armed: %s: %s; nothing was started" % (
        type(error).__name__,
        error,
    )
    try:
        posix.write(2, (text + " (IMPORTGUARD=off starts it unguarded)\n").encode("utf-8", "backslashreplace"))
    finally:
        posix._exit(3)


def run_previous(namespace):
    """Run the sitecustomize that was in force before this environment was enabled."""
    for name in ("os", "_importguard"):
        namespace.pop(name, None)
    if PREVIOUS:
        path = SITE + "/sitecustomize.py"
        with open(FOLDER + "/" + PREVIOUS, "rb") as file:
            code = compile(file.read(), path, "exec", dont_inherit=True)
        namespace["__doc__"] = None
        exec(code, namespace)
        return
    elsewhere = [entry for entry in sys.path if entry != SITE]
    spec = sys.modules["_frozen_importlib_external"].PathFinder.find_spec("sitecustomize", elsewhere)
    if spec is not None and spec.loader is not None:
        module = sys.modules["_frozen_importlib"].module_from_spec(spec)
        sys.modules["sitecustomize"] = module
        spec.loader.exec_module(module)
