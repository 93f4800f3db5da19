"""Builds the C core and the preload beside what pyproject.toml says; IMPORTGUARD_NO_EXTENSIONS=1 builds the pure wheel."""

import glob
import os
import pathlib
import subprocess
import sys
import sysconfig

from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext
from setuptools.command.build_py import build_py

SUPPORTED = ((3, 11), (3, 12), (3, 13))
HINT = (
    "importguard: the C core and the preload can't be built; IMPORTGUARD_NO_EXTENSIONS=1 builds importguard without them, "
    "with the core in Python"
)
PRELOAD = "importguard.preload.igpreload"
# Of the core in C. Between two events the kernel and the interpreter take the caches for themselves, so that less code is faster than
# code that is quicker by itself.
SMALL = ["-O2", "-fno-plt"] if sys.platform == "linux" else []


class LoudBuild(build_ext):
    """Says what to do when there's no compiler, rather than leave something out."""

    def get_ext_filename(self, fullname):
        # The preload is one object for every interpreter, and none imports it.
        if PRELOAD.endswith(fullname.rpartition(".")[2]):
            return fullname.replace(".", "/") + ".so"
        return super().get_ext_filename(fullname)

    def build_extension(self, ext):
        if ext.name == PRELOAD:
            # Where this interpreter keeps its own libraries is no place for every process to look for the C library.
            self.compiler.linker_so = [word for word in self.compiler.linker_so if "rpath" not in word]
        try:
            super().build_extension(ext)
        except Exception:
            print(HINT, file=sys.stderr)
            raise


class ReadingBuild(build_py):
    """Puts beside the presets what they hold, and beside the launcher the bytecode that it gives to whatever it starts, so that
    no start reads TOML or strips bytecode; a checkout has none of it."""

    def run(self):
        super().run()
        folder = pathlib.Path(self.build_lib)
        if (folder / "importguard/policy/presets").is_dir() and not self.editable_mode:
            code = "import pathlib, sys; sys.path.insert(0, sys.argv[1]); folder = pathlib.Path(sys.argv[2])\n"
            code += "from importguard.launch import bundle, together; bundle.keep(folder); together.keep(folder)\n"
            code += "from importguard.policy import preset; preset.keep_read(folder / 'importguard/policy/presets')"
            subprocess.run([sys.executable, "-c", code, str(pathlib.Path(__file__).parent), str(folder)], check=True)


def extensions():
    """Return what is built: the preload, and the C core where CPython has a place for it; nothing where that was not wanted."""
    if os.environ.get("IMPORTGUARD_NO_EXTENSIONS") == "1":
        return []
    strict = ["-Wall", "-Wextra", "-Werror"] if os.environ.get("IMPORTGUARD_STRICT_BUILD") == "1" else ["-Wall", "-Wextra"]
    options = ["-std=c11", "-fvisibility=hidden", *strict]
    # Elsewhere the loader has other variables, and importguard no launcher that sets them.
    return [*core(options), *([preload(options)] if sys.platform == "linux" else [])]


def core(options):
    """Return the C core in a list, which is empty for an interpreter that it isn't written for."""
    is_known = sys.implementation.name == "cpython" and sys.version_info[:2] in SUPPORTED
    if not is_known or sysconfig.get_config_var("Py_GIL_DISABLED"):
        print(f"importguard: no C core for this interpreter ({sys.version.split()[0]}); built without", file=sys.stderr)
        return []
    extension = Extension(
        "importguard.core.ccore",
        sources=sorted(glob.glob("importguard/core/src/*.c")),
        depends=sorted(glob.glob("importguard/core/src/*.h")),
        define_macros=[("_GNU_SOURCE", None)],
        libraries=["dl"],
        extra_compile_args=[*options, *SMALL],
    )
    return [extension]


def preload(options):
    """Return the object for LD_PRELOAD: no extension module, but a shared object that is loaded into every process."""
    return Extension(
        PRELOAD,
        sources=["importguard/preload/igpreload.c"],
        extra_compile_args=options,
        # Mapped into every process of a guarded tree: two segments, and nothing that a start-up file of C brings along.
        extra_link_args=["-nostartfiles", "-Wl,-z,noseparate-code", "-Wl,--hash-style=gnu", "-Wl,--strip-debug"],
    )


setup(ext_modules=extensions(), cmdclass={"build_ext": LoudBuild, "build_py": ReadingBuild})
