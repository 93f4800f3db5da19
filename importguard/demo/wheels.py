"""Builds wheels on the spot and installs them: with pip where there is one, else by unpacking them with their RECORD."""

import base64
import hashlib
import os
import pathlib
import subprocess
import sys
import zipfile

PIP_SECONDS = 60
TAG = "py3-none-any"


def build(folder, name, version, files):
    """Write a wheel of {path: text} into `folder` and return its path."""
    info = f"{name}-{version}.dist-info"
    members = {
        **files,
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
        f"{info}/WHEEL": f"Wheel-Version: 1.0\nGenerator: importguard demo\nRoot-Is-Purelib: true\nTag: {TAG}\n",
    }
    lines = [_record_line(member, text.encode()) for member, text in members.items()]
    members[f"{info}/RECORD"] = "".join(f"{line}\n" for line in [*lines, f"{info}/RECORD,,"])
    path = pathlib.Path(folder, f"{name}-{version}-{TAG}.whl")
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for member, text in members.items():
            archive.writestr(member, text)
    return path


def install(wheel, python, variables):
    """Install a wheel into the environment of `python`; return "pip" or "unpacked", which says how."""
    pip = _pip()
    if pip and _install_with(pip, wheel, python, variables):
        return "pip"
    _unpack(wheel, python)
    return "unpacked"


def _install_with(pip, wheel, python, variables):
    options = ["--no-index", "--no-deps", "--no-compile", "--disable-pip-version-check", "--no-input", "--quiet"]
    command = [python, "-I", pip, "install", *options, wheel]
    variables = {**variables, "PIP_CONFIG_FILE": os.devnull}
    done = subprocess.run(command, env=variables, capture_output=True, timeout=PIP_SECONDS, check=False)
    return done.returncode == 0


def _pip():
    """Return where a pip can be run from: beside importguard's own dependencies, else Python's bundled one, else None."""
    folders = [folder for finder in sys.meta_path for folder in getattr(finder, "folders", ())]
    installed = [pathlib.Path(folder, "pip") for folder in (*folders, *sys.path)]
    found = next((path for path in installed if (path / "__main__.py").is_file()), None)
    if found is not None:
        return found
    bundled = sorted(pathlib.Path(os.__file__).parent.glob("ensurepip/_bundled/pip-*.whl"))
    return bundled[-1] / "pip" if bundled else None


def _unpack(wheel, python):
    """Do what an installer does for a pure wheel without scripts: the files, their RECORD, and who installed them."""
    site = next(pathlib.Path(python).parents[1].glob("lib/python3.*/site-packages"))
    info = site / ("-".join(wheel.name.split("-")[:2]) + ".dist-info")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(site)
    installer = b"importguard-demo\n"
    (info / "INSTALLER").write_bytes(installer)
    with (info / "RECORD").open("a") as record:
        record.write(_record_line(f"{info.name}/INSTALLER", installer) + "\n")


def _record_line(path, data):
    digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).decode().rstrip("=")
    return f"{path},sha256={digest},{len(data)}"
