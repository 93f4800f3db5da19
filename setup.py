"""Builds the C core beside what pyproject.toml says; IMPORTGUARD_NO_EXTENSIONS=1 builds the pure wheel."""

import glob
import os
import sys
import sysconfig

from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext

SUPPORTED = ((3, 11), (3, 12), (3, 13))
HINT = "importguard: the C core can't be built; IMPORTGUARD_NO_EXTENSIONS=1 builds importguard without it, with the core in Python"


class LoudBuild(build_ext):
    """Says what to do when there's no compiler, rather than leave the core out."""

    def build_extension(self, ext):
        try:
            super().build_extension(ext)
        except Exception:
            print(HINT, file=sys.stderr)
            raise


def extensions():
    """Return the C core, or nothing where it was not wanted or CPython has no place for it."""
    if os.environ.get("IMPORTGUARD_NO_EXTENSIONS") == "1":
        return []
    is_known = sys.implementation.name == "cpython" and sys.version_info[:2] in SUPPORTED
    if not is_known or sysconfig.get_config_var("Py_GIL_DISABLED"):
        print(f"importguard: no C core for this interpreter ({sys.version.split()[0]}); built without", file=sys.stderr)
        return []
    strict = ["-Wall", "-Wextra", "-Werror"] if os.environ.get("IMPORTGUARD_STRICT_BUILD") == "1" else ["-Wall", "-Wextra"]
    core = Extension(
        "importguard.core.ccore",
        sources=sorted(glob.glob("importguard/core/src/*.c")),
        depends=["importguard/core/src/ccore.h"],
        define_macros=[("_GNU_SOURCE", None)],
        libraries=["dl"],
        extra_compile_args=["-std=c11", "-fvisibility=hidden", *strict],
    )
    return [core]


setup(ext_modules=extensions(), cmdclass={"build_ext": LoudBuild})
