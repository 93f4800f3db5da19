"""A launcher whose own environment holds plugins: importguard's own ones, and those that a test makes up."""

import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest
from support import envs, guarded, wheels, worlds

PROJECT = Path(__file__).parents[2]
FIRST_PARTY = ("cooldown", "example", "kill", "otel", "sarif", "syslog")
THIEF = """
import os, subprocess, urllib.request
for attempt in (lambda: subprocess.run(["/bin/true"]), lambda: urllib.request.urlopen(os.environ["SINK"], timeout=5)):
    try:
        attempt()
    except OSError:
        pass
"""


class Plugged:
    """The folder that a launcher takes for its environment, and how to run something with it."""

    def __init__(self, folder, interpreter):
        self.folder = folder
        self.interpreter = interpreter
        folder.mkdir()
        # What importguard itself needs, as it is installed beside the tests.
        for path in Path(sysconfig.get_path("purelib")).iterdir():
            (folder / path.name).symlink_to(path)

    def install(self, name, source, *, requires=()):
        """Install a plugin of one module; its class is called Plugin."""
        module = f"plugin_{name}"
        points = f"[importguard.plugins]\n{name} = {module}:Plugin\n"
        wheel = wheels.Wheel(
            f"acme-{name}", "1.0", {f"{module}.py": source}, meta={"entry_points.txt": points}, requires=requires
        )
        self.unpack(wheels.build(wheel, self.folder.parent / "wheels", self.interpreter))

    def unpack(self, wheel):
        """Install a wheel that is there already."""
        subprocess.run([sys.executable, "-m", "zipfile", "-e", wheel, self.folder], check=True, timeout=20)

    def launcher(self, *options):
        return " ".join([sys.executable, "-I", "-S", *options, str(guarded.CHECKOUT_LAUNCHER), str(self.folder)])

    def run(self, world, command, monkeypatch, *, policy, options=(), seconds=guarded.SECONDS, interpreting=()):
        """Run a command under the guard of this launcher, whose interpreter has the options `interpreting`, and return the Outcome."""
        guarded.launcher.cache_clear()
        monkeypatch.setenv("IMPORTGUARD_TEST_LAUNCHER", self.launcher(*interpreting))
        try:
            return guarded.run(world, command, policy=policy, options=options, seconds=seconds)
        finally:
            guarded.launcher.cache_clear()


@pytest.fixture
def plugged(tmp_path, interpreter):
    """A launcher's environment without any plugin."""
    return Plugged(tmp_path / "launcher", interpreter)


@pytest.fixture(scope="session")
def first_party(tmp_path_factory):
    """The wheels of the plugins of this repository; what `otel` needs besides is not installed with it."""
    folder = tmp_path_factory.mktemp("first-party")
    # A build leaves files beside what it builds.
    sources = [shutil.copytree(PROJECT / "plugins" / name, folder / "source" / name) for name in FIRST_PARTY]
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-index", "--no-build-isolation"]
    subprocess.run([*command, "--wheel-dir", folder, *sources], check=True, timeout=120, capture_output=True)
    return sorted(folder.glob("*.whl"))


@pytest.fixture(scope="session")
def thief_environment(tmp_path_factory, interpreter):
    """An environment with `acme-thief`, which starts a program and goes to the network as it is imported."""
    folder = tmp_path_factory.mktemp("thief")
    made = envs.create(folder / "env", interpreter)
    thief = wheels.Wheel("acme-thief", "1.0", {"acme_thief.py": THIEF})
    harmless = wheels.Wheel("acme-harmless", "2.0", {"acme_harmless.py": "VALUE = 7\n"})
    envs.install(made, thief, harmless, folder=folder / "wheels")
    return made


@pytest.fixture
def world(tmp_path, thief_environment):
    """A World with `acme-thief` and `acme-harmless`."""
    with worlds.furnished(tmp_path / "world", thief_environment) as furnished:
        yield furnished
