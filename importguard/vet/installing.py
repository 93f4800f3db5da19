"""Puts requirements into throw-away environments, from wheels alone, so that nothing of theirs is run on the way."""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from packaging import requirements as written

from importguard.errors import UsageError
from importguard.ledger import scan

SECONDS = 1800
LONGEST = 300
STEP, END_OF_OUTPUT = "× ", "[end of output]"
NOTHING = "No matching distribution found"
NO_WHEEL = "; what lies only as a source distribution takes --build, which runs its code"


class InstallFailed(Exception):
    """pip couldn't install; the text is what it said."""


@dataclass(frozen=True, slots=True)
class Environment:
    """One environment: its folder and the pins, (name, version), of all that is in it."""

    path: Path
    pins: tuple[tuple[str, str], ...]

    @property
    def python(self):
        return self.path / "bin" / "python"

    @property
    def site(self):
        (found,) = self.path.glob("lib/python3*/site-packages")
        return found


def spread(requirements, python, folder, *, builds=False):
    """Install requirements into as few environments as they go together in.

    Returns (Environments, {requirement: why it can't be installed}).
    """
    refused = {text: reason for text in requirements if (reason := _problem(text))}
    made, waiting = [], [[text for text in requirements if text not in refused]]
    while waiting:
        batch = waiting.pop(0)
        if not batch:
            continue
        try:
            made.append(make(batch, python, Path(folder) / f"env{len(made)}", builds=builds))
        except InstallFailed as reason:
            gone = batch if len(batch) == 1 else _not_there(str(reason), batch)
            refused.update(dict.fromkeys(gone, _told(str(reason), builds=builds)))
            left = [text for text in batch if text not in gone]
            # Where pip names nobody, one half of them may go together without the other.
            half = 0 if gone else len(left) // 2
            waiting[:0] = [left[:half], left[half:]]
    return made, refused


def _not_there(reason, batch):
    """Return those of a batch that pip says there is nothing for; none where it is something that they need."""
    name = reason.removeprefix(f"{NOTHING} for ")
    return [] if name == reason else [text for text in batch if _spelt(text) == _spelt(name)]


def _spelt(text):
    """Return a requirement as pip spells it, a place as it stands."""
    try:
        return str(written.Requirement(text))
    except written.InvalidRequirement:
        return text


def _told(reason, *, builds):
    return reason + (NO_WHEEL if reason.startswith(NOTHING) and not builds else "")


def _problem(text):
    """Return why a text is no requirement, "" where it is one or may be a place, which pip alone can tell."""
    if "/" in text or text.startswith("."):
        return ""
    try:
        written.Requirement(text)
    except written.InvalidRequirement as error:
        return f"Invalid requirement: {str(error).splitlines()[0]}"
    return ""


def make(requirements, python, path, *, builds=False, alone=False):
    """Return a new Environment with requirements, and with what they need unless they are meant `alone`."""
    shutil.rmtree(path, ignore_errors=True)
    _run([python, "-I", "-m", "venv", "--without-pip", path])
    options = [*([] if builds else ["--only-binary", ":all:"]), *(["--no-deps"] if alone else [])]
    _run([*_pip(python, path), "install", "--quiet", "--no-input", "--disable-pip-version-check", *options, "--", *requirements])
    empty = Environment(Path(path), ())
    return Environment(Path(path), pins_of(empty))


def pins_of(environment):
    """Return the (name, version) of all that is installed, sorted."""
    known = scan.scan(str(environment.site))["dists"]
    return tuple(sorted((name, dist["version"]) for name, dist in known.items()))


def _pip(python, path):
    """Return the command of a pip that isn't in the environment: what is in there is to be looked at."""
    ask = "import ensurepip, pathlib; print(*pathlib.Path(ensurepip.__file__).parent.glob('_bundled/pip-*.whl'))"
    done = subprocess.run([python, "-I", "-S", "-c", ask], capture_output=True, text=True, timeout=60)
    if bundled := done.stdout.strip():
        return [f"{path}/bin/python", f"{bundled}/pip"]
    for candidate in (python, sys.executable):
        if not subprocess.run([candidate, "-I", "-m", "pip", "--version"], capture_output=True, timeout=60).returncode:
            return [candidate, "-I", "-m", "pip", "--python", f"{path}/bin/python"]
    raise UsageError(f"there is no pip to install with: neither {python!r} nor {sys.executable!r} has one")


def _run(command):
    try:
        done = subprocess.run(
            list(map(str, command)), capture_output=True, text=True, errors="replace", timeout=SECONDS,
            stdin=subprocess.DEVNULL, env={**os.environ, "PYTHONDONTWRITEBYTECODE": ""},
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        raise InstallFailed(f"took longer than {SECONDS} s") from None
    if done.returncode:
        raise InstallFailed((_reason(done.stdout + done.stderr) or f"exit {done.returncode}")[:LONGEST])


def _reason(said):
    """Return the one line that matters of what pip has said."""
    lines = [line.strip() for line in said.strip().splitlines()]
    if END_OF_OUTPUT in lines:
        # What was built has failed; behind that pip only says that it isn't to blame.
        step = next((line.removeprefix(STEP).rstrip(".") for line in lines if line.startswith(STEP)), "it can't be built")
        return f"{step}: {lines[lines.index(END_OF_OUTPUT) - 1]}"
    errors = [line.removeprefix("ERROR:").strip() for line in lines if line.startswith("ERROR:")]
    return (errors or lines or [""])[-1]
