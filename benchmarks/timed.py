"""Time inside the core in C: a second package beside the one that is measured, whose core is built to tell it."""

import json
import shutil
import subprocess
from pathlib import Path

from importguard import session, sessionfile

PACKAGE = Path(session.__file__).parent
TOLD = "IMPORTGUARD_TIMES"  # as in timed.c
ASKED = "import sysconfig; print(sysconfig.get_path('include')); print(sysconfig.get_config_var('EXT_SUFFIX'))"
FLAGS = ("-std=c11", "-O2", "-fPIC", "-shared", "-fvisibility=hidden", "-D_GNU_SOURCE", "-DIMPORTGUARD_TIMED")


def build(stage, python):
    """Return the environment that guards by a core that is timed; None without a C compiler, or without a core in C here."""
    copy = stage.folder / "timed" / "importguard"
    if shutil.which("cc") is None:
        return None
    shutil.copytree(PACKAGE, copy, ignore=shutil.ignore_patterns("__pycache__", "ccore*.so"))
    include, suffix = subprocess.run([python, "-I", "-c", ASKED], capture_output=True, text=True, check=True).stdout.split()
    sources = sorted(map(str, (copy / "core" / "src").glob("*.c")))
    command = ["cc", *FLAGS, f"-I{include}", *sources, "-o", str(copy / "core" / f"ccore{suffix}"), "-ldl"]
    if subprocess.run(command, check=False).returncode:
        return None
    return _environment(stage, str(copy))


def _environment(stage, copy):
    """Return the guarded variant's environment with `copy` in the package's place, in its session as well."""
    before = Path(stage.session)
    content = sessionfile.unpack(before.read_bytes())
    place = before.with_name("timed.bin")
    place.write_bytes(sessionfile.pack({**content, "package": copy}))
    guarded = stage.variants["guarded"].environment
    changed = {name: value.replace(content["package"], copy) for name, value in guarded.items()}
    changed[session.VARIABLE] = changed[session.VARIABLE].replace(str(before), str(place))
    return changed


def time_inside(environment, stage, python, workload, *, tries):
    """Return what the process that spent the least time inside the guard has said, its start included."""
    told = stage.folder / "times.jsonl"
    told.unlink(missing_ok=True)
    for _ in range(tries):
        subprocess.run([python, "-c", workload.code], env={**environment, TOLD: str(told)}, capture_output=True, check=True)
    said = map(json.loads, told.read_text().splitlines())
    return min(said, key=lambda spent: spent["hook_ms"] + spent["finder_ms"])
