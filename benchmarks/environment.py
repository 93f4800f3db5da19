"""Makes the virtual environment with the packages that are imported, once, and keeps it among the temporary files."""

import hashlib
import subprocess
import sys
import tempfile
from pathlib import Path

PACKAGES = Path(__file__).with_name("packages.txt")


def make(python, *, with_packages):
    """Return the interpreter of an environment for `python`, with packages.txt installed from wheels or empty."""
    wanted = PACKAGES.read_text() if with_packages else ""
    name = hashlib.sha256(f"{python} {wanted}".encode()).hexdigest()[:16]
    folder = Path(tempfile.gettempdir(), "benchmarks-of-importguard", name)
    interpreter = folder / "bin" / "python"
    if not (folder / "complete").exists():
        subprocess.run([python, "-I", "-m", "venv", "--clear", "--without-pip", folder], check=True)
        if with_packages:
            install = [sys.executable, "-m", "pip", "--python", interpreter, "install", "--quiet", "--only-binary=:all:"]
            subprocess.run([*install, "--disable-pip-version-check", "-r", PACKAGES], check=True)
        (folder / "complete").touch()
    return str(interpreter)
