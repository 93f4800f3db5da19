"""Builds real wheel files out of a mapping of paths to contents."""

import base64
import hashlib
import re
import shutil
import subprocess
import sysconfig
import tempfile
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from support.interpreters import Interpreter

Content = str | bytes | Callable[[Interpreter], bytes]


@dataclass(frozen=True, slots=True)
class Wheel:
    """What goes into a wheel; paths are relative to the site directory, so a bare `x.pth` lies at the top.

    A content that can be called is asked with the Interpreter that the wheel is built for. `commands` maps a console
    command to `module:function`, `scripts` a file name in the environment's bin to its content, `native` the path of an
    extension module without its suffix to C source. `meta` are further files of the dist-info folder.
    """

    name: str
    version: str
    files: Mapping[str, Content]
    commands: Mapping[str, str] = field(default_factory=dict)
    scripts: Mapping[str, Content] = field(default_factory=dict)
    native: Mapping[str, str] = field(default_factory=dict)
    requires: tuple[str, ...] = ()
    meta: Mapping[str, Content] = field(default_factory=dict)

    @property
    def stem(self):
        """The name and version as a wheel's file name and its dist-info folder spell them."""
        return f"{re.sub(r'[-_.]+', '_', self.name)}-{self.version}"


def build(wheel, folder, interpreter):
    """Write `wheel` into `folder` for one Interpreter and return the path of the .whl file."""
    tag = f"{interpreter.tag}-{interpreter.tag}-{_platform()}" if wheel.native else "py3-none-any"
    path = Path(folder) / f"{wheel.stem}-{tag}.whl"
    path.parent.mkdir(parents=True, exist_ok=True)
    members = _members(wheel, interpreter, tag)
    record = f"{wheel.stem}.dist-info/RECORD"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(_entry(name, wheel), data)
        archive.writestr(record, "".join(_record_line(name, data) for name, data in members.items()) + f"{record},,\n")
    return path


def _entry(name, wheel):
    """Return what a member is called, with the permission to be executed where it is a script: pip hands that on."""
    if not name.startswith(f"{wheel.stem}.data/scripts/"):
        return name
    entry = zipfile.ZipInfo(name)
    entry.external_attr, entry.compress_type = 0o100755 << 16, zipfile.ZIP_DEFLATED
    return entry


def bytecode(source, name="<payload>", *, unchecked_as=None):
    """Return a content: the .pyc of `source`; with `unchecked_as` one that claims to be of that source, unchecked."""

    def compiled(interpreter):
        return compile_with(interpreter, source, name, unchecked_as)

    return compiled


def compile_with(interpreter, source, name, unchecked_as=None):
    """Return the bytes of a .pyc as `interpreter` itself writes them."""
    if unchecked_as is None:
        header = "ext._code_to_timestamp_pyc(code)"
    else:
        header = f"ext._code_to_hash_pyc(code, importlib.util.source_hash({unchecked_as!r}.encode()), False)"
    program = (
        "import sys, importlib.util, importlib._bootstrap_external as ext\n"
        f"code = compile({source!r}, {name!r}, 'exec')\n"
        f"sys.stdout.buffer.write({header})\n"
    )
    command = [interpreter.path, "-I", "-S", "-c", program]
    return subprocess.run(command, capture_output=True, check=True, timeout=20).stdout


def compile_c(source, target, *flags):
    """Compile C source text to the file `target` with the machine's C compiler."""
    subprocess.run(
        [compiler(), "-x", "c", "-O1", *flags, "-o", str(target), "-"],
        input=source, text=True, check=True, capture_output=True, timeout=60,
    )  # fmt: skip
    return Path(target)


def compiler():
    """Return the path of a C compiler, or None when the machine has none."""
    return shutil.which("gcc") or shutil.which("cc")


def _members(wheel, interpreter, tag):
    members = {name: _resolve(content, interpreter) for name, content in wheel.files.items()}
    for name, source in wheel.native.items():
        members[name + interpreter.suffix] = _extension(source, interpreter)
    for name, content in wheel.scripts.items():
        members[f"{wheel.stem}.data/scripts/{name}"] = _resolve(content, interpreter)
    for name, content in _metadata(wheel, tag).items():
        members[f"{wheel.stem}.dist-info/{name}"] = _resolve(content, interpreter)
    return members


def _metadata(wheel, tag):
    requires = "".join(f"Requires-Dist: {line}\n" for line in wheel.requires)
    pure = "false" if wheel.native else "true"
    files = {
        "METADATA": f"Metadata-Version: 2.1\nName: {wheel.name}\nVersion: {wheel.version}\n{requires}\n",
        "WHEEL": f"Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: {pure}\nTag: {tag}\n",
    }
    if wheel.commands:
        lines = "".join(f"{name} = {target}\n" for name, target in wheel.commands.items())
        files["entry_points.txt"] = "[console_scripts]\n" + lines
    return {**files, **wheel.meta}


def _resolve(content, interpreter):
    if callable(content):
        content = content(interpreter)
    return content.encode() if isinstance(content, str) else content


def _extension(source, interpreter):
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "module.so"
        return compile_c(source, target, "-shared", "-fPIC", f"-I{interpreter.include}").read_bytes()


def _platform():
    return re.sub(r"[-.]", "_", sysconfig.get_platform())


def _record_line(name, data):
    digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).decode().rstrip("=")
    shown = f'"{name}"' if "," in name else name
    return f"{shown},sha256={digest},{len(data)}\n"
