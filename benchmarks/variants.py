"""The ways in which every workload runs: bare, beneath the audit hooks of others, and guarded."""

import os
import shutil
import subprocess
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from importguard.kernel import layers, plan
from importguard.launch import command, directory, prepare
from importguard.policy import resolve

PLAIN_HOOK = str(Path(__file__).with_name("plain_hook"))
RETURN_HOOK = Path(__file__).with_name("return_hook")
MALWI_BOX = str(Path(__file__).with_name("malwi_box"))


@dataclass(frozen=True, slots=True)
class Variant:
    """One way to run a program: an environment for the interpreter at `python`, and what the kernel holds over it (a Plan,
    None for nothing), which `importguard run` puts on before it starts the command."""

    name: str
    python: str
    environment: dict
    beneath: plan.Plan | None = None

    def argv(self, code):
        """Return the arguments that run a program's text."""
        return [self.python, "-c", code]

    def start(self, function):
        """Return what a function gives that starts a process, called beneath the kernel's layers."""
        return function() if self.beneath is None else layers.call_beneath(self.beneath, function)


@dataclass(frozen=True, slots=True)
class Stage:
    """Where the variants run: its folder, the variants by name, and the session file of the guarded one."""

    folder: Path
    variants: dict
    session: str

    @property
    def file(self):
        """The ordinary file that is opened again and again."""
        return self.folder / "home" / "notes.txt"


@contextmanager
def stage(python, *, core="auto", policy=""):
    """Give the Stage for an interpreter, beneath the text of a policy, "" for none. Its session is made once, as `importguard run` makes it; nothing supervises."""
    with tempfile.TemporaryDirectory(prefix="benchmark-of-importguard-") as name:
        folder = Path(name).resolve()
        for child in ("home", "project", "sessions"):
            (folder / child).mkdir()
        (folder / "home" / "notes.txt").write_text("ordinary\n")
        if policy:
            (folder / "project" / "importguard.toml").write_text(policy)
        before = os.getcwd()
        os.chdir(folder / "project")
        try:
            yield _stage(folder, python, core)
        finally:
            os.chdir(before)


def _stage(folder, python, core):
    bare = {"PATH": os.defpath, "HOME": str(folder / "home"), "LANG": "C.UTF-8"}
    typed = command.resolve([python, "-c", "pass"], bare)
    options = {"mode": "enforce", "core": core}
    records = f"file:{folder}/records.jsonl"
    prepared = prepare.prepare(
        prepare.look(typed, bare), resolve.resolve(options, bare, Path.cwd()),
        {**bare, "TMPDIR": str(folder / "sessions")}, typed.argv, records=records,
    )  # fmt: skip
    directory.hold(prepared.directory)
    _, guarded = prepare.guarded(prepared, typed.argv, bare)
    environments = {"bare": bare, "guarded": guarded, "plain hook": {**bare, "PYTHONPATH": PLAIN_HOOK}}
    others = {"return hook": _return_hook(folder, python), "malwi-box": _malwi_box(python)}
    environments.update({name: {**bare, "PYTHONPATH": place} for name, place in others.items() if place})
    variants = {name: Variant(name, python, variables) for name, variables in environments.items()}
    variants["guarded"] = Variant("guarded", python, guarded, None if prepared.kernel.is_empty else prepared.kernel)
    return Stage(folder, variants, prepared.directory.session)


def _return_hook(folder, python):
    """Compile the hook that returns at once for an interpreter; return its folder, "" without a C compiler."""
    place = Path(shutil.copytree(RETURN_HOOK, folder / "return_hook"))
    asked = "import sysconfig; print(sysconfig.get_path('include')); print(sysconfig.get_config_var('EXT_SUFFIX'))"
    include, suffix = subprocess.run([python, "-I", "-c", asked], capture_output=True, text=True, check=True).stdout.split()
    command = ["cc", "-O2", "-shared", "-fPIC", f"-I{include}", "return_hook.c", "-o", "return_hook" + suffix]
    if shutil.which("cc") is None or subprocess.run(command, cwd=place, check=False).returncode:
        return ""
    return str(place)


def _malwi_box(python):
    """Return the folder that puts malwi-box in place, "" where it isn't installed."""
    found = subprocess.run([python, "-I", "-c", "import malwi_box.hook"], capture_output=True, check=False)
    return "" if found.returncode else MALWI_BOX
