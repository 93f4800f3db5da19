"""Makes throw-away virtual environments and really installs wheels into them."""

import functools
import importlib.util
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from support import installing, wheels
from support.interpreters import Interpreter

PIP_SECONDS = 300


class InstallFailed(Exception):
    """pip couldn't install; the text is what it said."""


@dataclass(frozen=True, slots=True)
class Environment:
    """One virtual environment: its folder and the Interpreter below it."""

    path: Path
    interpreter: Interpreter

    @property
    def python(self):
        return self.path / "bin" / "python"

    @property
    def site_packages(self):
        return self.path / "lib" / f"python{self.interpreter.version}" / "site-packages"

    def command(self, name):
        """Return the path of a console command of this environment."""
        return self.path / "bin" / name


def create(path, interpreter, *, system_site=False):
    """Make an empty environment without pip; `system_site` also switches the user's site directory on."""
    options = ["--without-pip", *(["--system-site-packages"] if system_site else [])]
    subprocess.run([interpreter.path, "-I", "-m", "venv", *options, path], check=True, timeout=60)
    return Environment(Path(path), interpreter)


def copy(environment, path):
    """Return a copy of an environment at `path`; console commands in it still name the first one's interpreter."""
    shutil.copytree(environment.path, path, symlinks=True)
    return Environment(Path(path), environment.interpreter)


def install(environment, *items, folder, home=None, options=()):
    """Build each Wheel of `items` into `folder` and install all in one go; into `home`'s user site when it is given."""
    paths = [wheels.build(item, folder, environment.interpreter) for item in items]
    if not home and not options and all(installing.is_plain(environment, item) for item in items):
        for path in paths:
            installing.install(environment, path)
        return
    where = ["--user"] if home else []
    pip(environment, "install", "--no-index", "--no-deps", *where, *options, *paths, home=home)


def install_from_registry(environment, *requirements, options=()):
    """Install `requirements` from the package index that pip is set up for; raises InstallFailed."""
    pip(environment, "install", *options, *requirements, configured=True)


def pip(environment, *arguments, home=None, configured=False):
    """Run the pip of the tests on an environment; without `configured`, no setting of the machine has a say."""
    variables = {"PATH": os.defpath, "HOME": str(home or environment.path), "LANG": "C.UTF-8"}
    if configured:
        variables = {**os.environ}
    variables["PIP_DISABLE_PIP_VERSION_CHECK"] = "1"
    if not configured:
        variables["PIP_CONFIG_FILE"] = os.devnull
    command = [*_pip(environment), *map(str, arguments), "--quiet", "--no-input", "--no-warn-script-location"]
    done = subprocess.run(command, env=variables, capture_output=True, text=True, timeout=PIP_SECONDS)
    if done.returncode:
        raise InstallFailed(done.stdout + done.stderr)


def _pip(environment):
    if importlib.util.find_spec("pip") is not None:
        return [sys.executable, "-m", "pip", "--python", str(environment.python)]
    return [str(environment.python), f"{_bundled_pip(environment.interpreter)}/pip"]


@functools.cache
def _bundled_pip(interpreter):
    standard_library = interpreter.path.parent.parent / "lib" / f"python{interpreter.version}"
    found = sorted((standard_library / "ensurepip" / "_bundled").glob("pip-*.whl"))
    if not found:
        raise InstallFailed(f"no pip: neither in {sys.prefix} nor bundled with {interpreter.path}")
    return found[-1]
