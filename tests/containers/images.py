"""The images: a base that stands in for the official ones, the page's Dockerfile, and the same with a poisoned dependency.

All of it lies in one folder that is kept between runs: podman finds out by itself which layers are still good.
"""

import contextlib
import fcntl
import hashlib
import importlib.metadata
import shutil
import subprocess
import sys
from pathlib import Path

import documented
import rootfs
from engine import Podman
from support import envs, kept, wheels

from importguard import demo_fixture

PROJECT = Path(__file__).parents[2]
APP = Path(__file__).with_name("app.py")
REQUIREMENTS = ("flask", "gunicorn", "uvicorn", "celery")
OWN_NEEDS = ("packaging", "pluggy", "psutil", "rich", "structlog")
CLEAN, POISONED, NATIVE = "localhost/app:clean", "localhost/app:poisoned", "localhost/app:native"
INDEX = "/index"
UNCHANGING = ("PATH=/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "PIP_NO_INDEX=1", f"PIP_FIND_LINKS={INDEX}", "PIP_ROOT_USER_ACTION=ignore", "PIP_DISABLE_PIP_VERSION_CHECK=1")
# A dependency is bumped: one more layer, as a rebuild of the image would make it. The label has podman see what is new.
BUMPED = f"FROM {CLEAN}\nUSER root\nLABEL wheel={{}}\nRUN .venv/bin/pip install --quiet {{}}\nUSER 1000:1000\n"
# Extensions that do their work while they are loaded, by system calls of their own.
SOURCES = PROJECT / "tests" / "kernel"
EXTENSIONS = {"acme_native": "native.c", "acme_sockets": "native_sockets.c", "acme_race": "native_race.c"}


def make(interpreter):
    """Return the Podman that has the images; raises InstallFailed where pip can't fetch what goes into them."""
    folder = kept.default_cache() / f"containers-{kept.key([*REQUIREMENTS, *OWN_NEEDS, *UNCHANGING], interpreter)}"
    folder.mkdir(parents=True, exist_ok=True)
    podman = Podman(folder)
    with _alone(folder / "lock"):
        index = _fetched(folder / "index")
        if not podman.has(documented.base_image()):
            _make_base(podman, interpreter, folder / "rootfs")
        _make_wheels(podman, interpreter, index, folder / "wheels")
        _build(podman, index, folder / "context", interpreter)
        podman.call("image", "prune", "--force", check=False)
    return podman


@contextlib.contextmanager
def _alone(path):
    """Let one process at a time make the images: the tests run in several."""
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _fetched(index):
    """Fill a folder with the wheels of other people, once."""
    if not (index / "complete").exists():
        shutil.rmtree(index, ignore_errors=True)
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--only-binary", ":all:"]
        done = subprocess.run([*command, "--dest", index, *REQUIREMENTS, *OWN_NEEDS], capture_output=True, text=True, timeout=300)
        if done.returncode:
            raise envs.InstallFailed(done.stderr)
        (index / "complete").touch()
    return index


def _make_base(podman, interpreter, folder):
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    rootfs.make(folder, interpreter)
    podman.import_folder(folder, documented.base_image(), *(f"ENV {setting}" for setting in UNCHANGING))
    shutil.rmtree(folder)


def _make_wheels(podman, interpreter, index, folder):
    """Make the image `wheels`: what the first stage of the Dockerfile would leave."""
    own = _importguard(interpreter)
    name = f"localhost/wheels:{_digest(own)}"
    if not podman.has(name):
        shutil.rmtree(folder, ignore_errors=True)
        target = folder / "wheels"
        target.mkdir(parents=True)
        for wheel in index.glob("*.whl"):
            shutil.copy2(wheel, target)
        wheels.build(own, target, interpreter)
        podman.import_folder(folder, name)
    podman.call("tag", name, "localhost/wheels:latest")


def _digest(wheel):
    text = repr((sorted(wheel.files.items()), sorted(wheel.scripts.items()), wheel.requires, "executable"))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _importguard(interpreter):
    """Return the Wheel of this checkout, with the core and the preload that were built in it."""
    files = {}
    for path in sorted((PROJECT / "importguard").rglob("*")):
        is_other = path.name.startswith("ccore") and path.suffix == ".so" and not path.name.endswith(interpreter.suffix)
        if path.is_file() and not is_other and not {"__pycache__", "src"} & set(path.parts):
            files[str(path.relative_to(PROJECT))] = path.read_bytes()
    version = importlib.metadata.version("importguard")
    script = (PROJECT / "scripts" / "importguard").read_text()
    return wheels.Wheel("importguard", version, files, scripts={"importguard": script}, requires=OWN_NEEDS)


def _build(podman, index, context, interpreter):
    shutil.rmtree(context, ignore_errors=True)
    context.mkdir()
    shutil.copy2(APP, context / "app.py")
    (context / "requirements.txt").write_text("\n".join(REQUIREMENTS) + "\n")
    readable = ("--volume", f"{index}:{INDEX}:ro")
    podman.build(documented.dockerfile(), context, CLEAN, *readable)
    poison = wheels.Wheel(demo_fixture.NAME, demo_fixture.STARTUP_VERSION, demo_fixture.startup_release())
    _bump(podman, context, POISONED, poison, interpreter)
    if wheels.compiler():
        native = {name: (SOURCES / file).read_text() for name, file in EXTENSIONS.items()}
        _bump(podman, context, NATIVE, wheels.Wheel("acme-native", "1.0", {}, native=native), interpreter)


def _bump(podman, context, name, wheel, interpreter):
    folder = context / wheel.name
    wheels.build(wheel, folder, interpreter)
    digest = hashlib.sha256(repr((wheel.files, wheel.native)).encode()).hexdigest()[:16]
    podman.build(BUMPED.format(digest, wheel.name), context, name, "--volume", f"{folder}:{INDEX}:ro")
