"""What a process finds itself in: the standard library's folders, the application's roots, start-up files."""

import sys

from importguard import later
from importguard.paths import resolve
from importguard.pinned import getattr, list, read_file, sorted, str, type

# Started in one of these, a program has no project around it: its script alone is the application's.
TOO_WIDE = ("/", "/dev/shm", "/etc", "/home", "/opt", "/tmp", "/usr", "/usr/local", "/var", "/var/tmp")


def of(session):
    """Return the folders by which an Identity tells whose a path is, each with its last slash."""
    return {
        "app_roots": [with_slash(root) for root in session["app_roots"] if root not in TOO_WIDE],
        "stdlib": stdlib_folders(),
        "package": with_slash(session["package"]),
    }


def stdlib_folders():
    """Return the folders of the standard library, read off the modules that the interpreter itself has loaded."""
    folders = []
    for root in (sys.prefix, sys.base_prefix, sys.exec_prefix, sys.base_exec_prefix):
        for name in (root, resolve(root)):
            folder = f"{name}/{sys.platlibdir}/python{sys.version_info[0]}.{sys.version_info[1]}/"
            if folder not in folders:
                folders.append(folder)
    encodings = sys.modules.get("encodings")
    if encodings is not None and type(getattr(encodings, "__file__", None)) is str:
        folders.append(resolve(encodings.__file__).rpartition("/encodings/")[0] + "/")
    zipped = f"/lib/python{sys.version_info[0]}{sys.version_info[1]}.zip/"
    return [*folders, sys.base_prefix + zipped]


def look_up_advisory(session, recorder, name, version):
    """Return the advisory of a distribution that was installed after the launch, as preflight would mark it."""
    database = later.load(later.ADVISORIES)
    try:
        known = database.Databases([database.open(path) for path in session.get("databases", ())])
        advisory = known.lookup(name, version)
    except (OSError, sys.modules["importguard.errors"].AdvisoryError) as error:
        recorder.record("degraded", reason=f"advisories can't be read: {error}")
        return ""
    if advisory is None:
        return ""
    return ("" if advisory.verdict == "block" else "warn:") + " ".join(advisory.ids)


def imported(identity):
    """Return the distributions of which something is imported already."""
    names = []
    for module in list(sys.modules.values()):
        if type(module) is type(sys):
            owner = identity.owner_of_globals(module.__dict__)
            if owner is not None and owner.kind == "distribution" and owner.name not in names:
                names.append(owner.name)
    return sorted(names)


def has_executable_lines(path):
    """Say whether `site` would execute a line of a .pth file; a file that can't be read has none."""
    try:
        lines = read_file(path).decode("utf-8-sig", "replace").splitlines()
    except OSError:
        return False
    return path.endswith(".start") or any(line.startswith(("import ", "import\t")) for line in lines)


def with_slash(folder):
    return folder.rstrip("/") + "/"
