"""Finds the CPython versions that the tests run on."""

import functools
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

SUPPORTED = ("3.11", "3.12", "3.13")
OWN = f"{sys.version_info[0]}.{sys.version_info[1]}"
PROBE = """
import sys, sysconfig
print("%d.%d" % sys.version_info[:2])
print(getattr(sys, "_base_executable", sys.executable))
print(sysconfig.get_config_var("EXT_SUFFIX"))
print(sysconfig.get_path("include"))
"""
IS_STATIC = "import sys; sys.exit('libpython' in open('/proc/self/maps').read())"


@dataclass(frozen=True, slots=True)
class Interpreter:
    """One CPython: its minor version, its own executable (never a venv's), and what an extension module needs."""

    version: str
    path: Path
    suffix: str
    include: Path

    @property
    def tag(self):
        """The `cp311` of a wheel's name."""
        return "cp" + self.version.replace(".", "")


@functools.cache
def find(version):
    """Return the Interpreter of a minor version such as "3.12", or None when this machine has none."""
    for candidate in _candidates(version):
        found = probe(candidate)
        if found is not None and found.version == version:
            return found
    return None


def own():
    """Return the Interpreter that runs the tests."""
    return find(OWN)


def whole_version(interpreter):
    """Return the whole version of an Interpreter, such as 3.12.1."""
    said = subprocess.run([interpreter.path, "-V"], capture_output=True, text=True, check=True, timeout=20).stdout
    return said.split()[1]


def static():
    """Return the Interpreter of the system where it holds its library within itself, as Debian's does; None elsewhere."""
    found = probe(Path("/usr/bin/python3"))
    if found is None or found.version not in SUPPORTED:
        return None
    done = subprocess.run([found.path, "-I", "-S", "-c", IS_STATIC], timeout=20)
    return found if done.returncode == 0 else None


def missing(version):
    """Return the text of a skip for a version that `find` doesn't find."""
    if version == "static":
        return "needs a CPython in /usr/bin/python3 that holds its library within itself, as Debian's does"
    return f"needs CPython {version}: not on PATH, in ~/.pyenv/versions or in $IMPORTGUARD_TEST_PYTHONS"


def _candidates(version):
    yield from filter(None, os.environ.get("IMPORTGUARD_TEST_PYTHONS", "").split(os.pathsep))
    if version == OWN:
        yield getattr(sys, "_base_executable", sys.executable)
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    yield from sorted(pyenv.glob(f"{version}.*/bin/python"))
    yield from filter(None, [shutil.which(f"python{version}")])


@functools.cache
def probe(path):
    """Return the Interpreter at a path, or None where there is none that runs."""
    try:
        lines = subprocess.run([path, "-I", "-S", "-c", PROBE], capture_output=True, text=True, timeout=20, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    version, executable, suffix, include = lines.stdout.splitlines()
    return Interpreter(version, Path(executable), suffix, Path(include))
