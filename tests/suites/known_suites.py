"""The suites of well-known projects: what each needs, and a folder with its tests and an environment to run them in."""

import functools
import shutil
import subprocess
import sys
import tarfile
import tomllib
from dataclasses import dataclass
from pathlib import Path

from support import envs, kept

TABLE = Path(__file__).with_name("suites.toml")
ROOT = Path(__file__).parents[2]
# pytest's own needs and importguard's, in every environment.
COMMON = (
    "iniconfig==2.3.1", "markdown-it-py==4.3.0", "mdurl==0.1.2", "packaging==26.4", "pluggy==1.7.0", "psutil==7.2.2",
    "Pygments==2.21.0", "pytest==9.2.0", "rich==15.0.0", "structlog==26.1.0",
)  # fmt: skip
SECONDS = 600
SOURCES = (".py", ".c", ".h", ".toml")


@dataclass(frozen=True, slots=True)
class Suite:
    """One project: its sdist by name and version, its `pins`, and how its tests are run."""

    name: str
    version: str
    what: str
    pins: tuple[str, ...]
    removed: tuple[str, ...] = ()
    options: tuple[str, ...] = ()
    left_out: tuple[tuple[str, str], ...] = ()

    @property
    def arguments(self):
        """The words for pytest, in every mode the same."""
        return [*self.options, *(option for option, _reason in self.left_out)]


def every():
    """Return all suites, in the order of the table."""
    table = tomllib.loads(TABLE.read_text())
    return [Suite(name, **{key: _frozen(value) for key, value in fields.items()}) for name, fields in table.items()]


def _frozen(value):
    return tuple(map(_frozen, value)) if isinstance(value, list) else value


def prepared(suite, interpreter, cache):
    """Return (environment, project folder) of a Suite, made once; importguard in it is always the checkout's."""
    folder = Path(cache) / kept.key([suite.name, suite.version, sorted(suite.pins), COMMON], interpreter)
    environment = envs.Environment(folder / "env", interpreter)
    if not (folder / "complete").exists():
        shutil.rmtree(folder, ignore_errors=True)
        envs.create(environment.path, interpreter)
        sdist = _sdist(suite, folder / "sdist")
        envs.install_from_registry(environment, *suite.pins, *COMMON, options=("--no-deps", "--prefer-binary"))
        envs.install_from_registry(environment, sdist, options=("--no-deps",))
        (folder / "complete").touch()
    envs.pip(environment, "install", "--no-index", "--no-deps", "--force-reinstall", _wheel(interpreter, str(cache)))
    return environment, _project(suite, folder)


def _sdist(suite, folder):
    words = ["download", "--no-deps", "--no-binary", ":all:", "-d", folder, f"{suite.name}=={suite.version}"]
    _pip(words)
    return next(folder.glob("*.tar.gz"))


def _project(suite, folder):
    """Return a fresh folder with the tests, and without the source that they are about."""
    place = folder / "project"
    shutil.rmtree(place, ignore_errors=True)
    with tarfile.open(next((folder / "sdist").glob("*.tar.gz"))) as archive:
        archive.extractall(place, filter="data")
    project = next(place.iterdir())
    for name in suite.removed:
        shutil.rmtree(project / name, ignore_errors=True)
    return project


@functools.cache
def _wheel(interpreter, cache):
    """Return the wheel of the checkout for an Interpreter, built anew where the checkout is newer."""
    folder = Path(cache) / "wheel" / interpreter.tag
    newest = max(path.stat().st_mtime for path in (ROOT / "importguard").rglob("*") if path.suffix in SOURCES)
    for made in folder.glob("*.whl"):
        if made.stat().st_mtime > newest:
            return made
    shutil.rmtree(folder, ignore_errors=True)
    _pip(["wheel", "--no-deps", "-w", folder, ROOT], python=str(interpreter.path))
    return next(folder.glob("*.whl"))


def _pip(words, python=None):
    chosen = ["--python", python] if python else []
    command = [sys.executable, "-m", "pip", *chosen, *map(str, words), "--quiet", "--disable-pip-version-check"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS)
    if done.returncode:
        raise envs.InstallFailed(done.stdout + done.stderr)
