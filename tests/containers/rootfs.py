"""A Debian root file system out of the packages of this machine, with one of its interpreters in /usr/local.

Copying takes seconds where debootstrap takes minutes, needs no network, and brings the interpreter that the tests build
their wheels for. It stands in for the official `python` images, which are the same: Debian, with CPython in /usr/local.
"""

import os
import re
import shutil
import subprocess
from pathlib import Path

# Beside the essential packages: what `useradd`, certificates and time zones need.
WANTED = ("passwd", "login", "ca-certificates", "tzdata")
LEFT_OUT = ("/usr/share/doc/", "/usr/share/man/", "/usr/share/locale/", "/usr/share/info/", "/usr/share/lintian/", "/dev/", "/boot/")
MERGED = ("bin", "sbin", "lib", "lib32", "lib64", "libx32")  # links into /usr since Debian 12
EMPTY = ("dev", "proc", "sys", "run", "etc", "tmp", "var/tmp", "root", "home", "usr/local/bin", "usr/local/lib")
# What an interpreter doesn't need to run: tests, its own packages, the parts for linking with it.
UNNEEDED = ("test", "tests", "idlelib", "site-packages", "__pycache__", "turtledemo", "config-*", "*.a")
PASSWD = "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n"
GROUP = "root:x:0:\nnogroup:x:65534:\n"


def missing():
    """Return why this machine can't furnish a root file system, or ""."""
    lacking = [name for name in ("dpkg-query", "ldconfig", "ldd") if shutil.which(name) is None]
    return f"needs a machine with Debian's packages, and there is no {lacking[0]}" if lacking else ""


def make(folder, interpreter):
    """Fill the empty folder `folder` for one Interpreter."""
    for name in EMPTY:
        (folder / name).mkdir(parents=True, exist_ok=True)
    for name in MERGED:
        (folder / "usr" / name).mkdir(parents=True, exist_ok=True)
        (folder / name).symlink_to(f"usr/{name}")
    (folder / "tmp").chmod(0o1777)
    (folder / "var/tmp").chmod(0o1777)
    _copy_interpreter(folder / "usr/local", interpreter)
    for path in _files_of(_packages(folder)):
        _copy(path, folder)
    (folder / "etc/passwd").write_text(PASSWD)
    (folder / "etc/group").write_text(GROUP)
    subprocess.run(["ldconfig", "-r", folder], check=True)


def _copy_interpreter(place, interpreter):
    prefix = interpreter.path.resolve().parent.parent
    name = f"python{interpreter.version}"
    shutil.copytree(
        prefix / "lib" / name, place / "lib" / name, symlinks=True, ignore=shutil.ignore_patterns(*UNNEEDED)
    )
    (place / "lib" / name / "site-packages").mkdir()
    for library in (prefix / "lib").glob("libpython*.so*"):
        shutil.copy2(library, place / "lib", follow_symlinks=False)
    shutil.copy2(interpreter.path.resolve(), place / "bin" / name)
    for link in ("python", "python3"):
        (place / "bin" / link).symlink_to(name)


def _packages(folder):
    """Return the names of the packages: essential ones, wanted ones, those of the interpreter's libraries, and what all of these need."""
    listed = _said("dpkg-query", "-Wf", "${Essential}|${Package}|${Provides}|${Pre-Depends}, ${Depends}\n").splitlines()
    needs, providers, essential = {}, {}, set()
    for line in listed:
        is_essential, name, provides, depends = line.split("|", 3)
        needs[name] = [_first_name(item) for item in depends.split(",") if item.strip()]
        providers.update({_first_name(item): name for item in provides.split(",") if item.strip()})
        essential |= {name} if is_essential == "yes" else set()
    found, waiting = set(), [*essential, *WANTED, *_owners_of_libraries(folder)]
    while waiting:
        name = waiting.pop()
        name = name if name in needs else providers.get(name, "")
        if name and name not in found:
            found.add(name)
            waiting += needs[name]
    return sorted(found)


def _first_name(text):
    return re.split(r"[ (:|]", text.strip())[0]


def _owners_of_libraries(folder):
    """Return the packages of the shared libraries that the interpreter and its extension modules are linked to."""
    objects = [str(path) for path in (folder / "usr/local").rglob("*") if ".so" in path.name or path.parent.name == "bin"]
    said = subprocess.run(["ldd", *objects], capture_output=True, text=True).stdout
    libraries = {os.path.realpath(path) for path in re.findall(r"=> (/\S+)", said) if "/lib/x86_64" in path or path.startswith("/lib")}
    owners = subprocess.run(["dpkg-query", "-S", *sorted(libraries)], capture_output=True, text=True).stdout
    return {line.split(":", 1)[0] for line in owners.splitlines()}


def _files_of(packages):
    return _said("dpkg-query", "-L", *packages).splitlines()


def _copy(path, folder):
    """Copy one file or link of this machine to its place, below /usr where that is where it lies by now."""
    if path.startswith(LEFT_OUT) or not os.path.lexists(path):
        return
    real = os.path.join(os.path.realpath(os.path.dirname(path)), os.path.basename(path))
    target = folder / real.lstrip("/")
    if os.path.isdir(real) and not os.path.islink(real):
        target.mkdir(parents=True, exist_ok=True)
    elif not os.path.lexists(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(real, target, follow_symlinks=False)


def _said(*command):
    return subprocess.run(command, capture_output=True, text=True).stdout


if __name__ == "__main__":
    import sys

    sys.path.insert(0, str(Path(__file__).parents[1]))
    from support import interpreters

    make(Path(sys.argv[1]), interpreters.own())
