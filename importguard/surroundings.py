"""What a process finds itself in: the standard library's folders, the application's roots."""

import sys

from importguard.pinned import dict, getattr, str, tuple, type

# Started in one of these, a program has no project around it: its script alone is the application's.
TOO_WIDE = ("/", "/dev/shm", "/etc", "/home", "/opt", "/tmp", "/usr", "/usr/local", "/var", "/var/tmp")


def of(session, resolve):
    """Return the folders by which an Identity tells whose a path is, each with its last slash; `resolve` follows links."""
    return {
        "app_roots": tuple([with_slash(root) for root in session["app_roots"] if root not in TOO_WIDE]),
        "stdlib": stdlib_folders(resolve),
        "package": with_slash(session["package"]),
    }


def stdlib_folders(resolve):
    """Return the folders of the standard library, read off the modules that the interpreter itself has loaded."""
    folders = []
    for root in dict.fromkeys((sys.prefix, sys.base_prefix, sys.exec_prefix, sys.base_exec_prefix)):
        for name in (root, resolve(root)):
            folder = f"{name}/{sys.platlibdir}/python{sys.version_info[0]}.{sys.version_info[1]}/"
            if folder not in folders:
                folders.append(folder)
    encodings = sys.modules.get("encodings")
    if encodings is not None and type(getattr(encodings, "__file__", None)) is str:
        folders.append(resolve(encodings.__file__).rpartition("/encodings/")[0] + "/")
    zipped = f"/lib/python{sys.version_info[0]}{sys.version_info[1]}.zip/"
    return (*folders, sys.base_prefix + zipped)


def with_slash(folder):
    return folder.rstrip("/") + "/"
