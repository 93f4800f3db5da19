"""Makes the virtual environment with the packages that are imported, once, and keeps it among the temporary files."""

import hashlib
import subprocess
import sys
import tempfile
from pathlib import Path

import workloads
from support import envs, interpreters, wheels

PACKAGES = Path(__file__).with_name("packages.txt")
CHECKOUT = Path(__file__).resolve().parents[1]
# What a distribution without any grant does for its caller, again and again.
RESTRICTED = """
import os, socket

def open_and_close(times, file):
    for _ in range(times):
        os.close(os.open(file, os.O_RDONLY))

def connect(times, file):
    # Datagrams: nothing is sent, so that what is measured is the decision and not the network.
    link = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    for _ in range(times):
        link.connect(("127.0.0.1", 9))

def connect_deep(depth, times):
    if depth:
        connect_deep(depth - 1, times)
    else:
        connect(times, "")
"""


def make(python, *, with_packages, packages=PACKAGES):
    """Return the interpreter of an environment for `python`, with what a file names installed from wheels or without."""
    wanted = packages.read_text() if with_packages else ""
    name = hashlib.sha256(f"{python} {wanted} {RESTRICTED}".encode()).hexdigest()[:16]
    folder = Path(tempfile.gettempdir(), "benchmarks-of-importguard", name)
    interpreter = folder / "bin" / "python"
    if not (folder / "complete").exists():
        subprocess.run([python, "-I", "-m", "venv", "--clear", "--without-pip", folder], check=True)
        if with_packages:
            install = [sys.executable, "-m", "pip", "--python", interpreter, "install", "--quiet", "--only-binary=:all:"]
            subprocess.run([*install, "--disable-pip-version-check", "-r", packages], check=True)
        environment = envs.Environment(folder, interpreters.probe(interpreter))
        wheel = wheels.Wheel("acme-restricted", "1.0", {workloads.RESTRICTED + ".py": RESTRICTED})
        envs.install(environment, wheel, folder=folder / "wheels")
        (folder / "complete").touch()
    return str(interpreter)


def with_importguard(folder):
    """Return the launcher of this checkout as users have it, below a folder: from a wheel, in an environment of its own."""
    made = envs.create(folder / "env", interpreters.probe(sys.executable))
    build = [sys.executable, "-m", "pip", "wheel", "--quiet", "--disable-pip-version-check", "--no-deps", "-w", folder / "wheel", CHECKOUT]
    subprocess.run(build, check=True)
    envs.install_from_registry(made, next((folder / "wheel").glob("*.whl")))
    return str(made.python.with_name("importguard"))
