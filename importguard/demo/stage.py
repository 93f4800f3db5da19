"""One run of an application in a throw-away world: its own environment, home with canary credentials, and sink."""

import json
import os
import pathlib
import signal
import subprocess
import sys
import uuid
from dataclasses import dataclass

from importguard import demo_fixture
from importguard.demo import sink, wheels
from importguard.launch import itself

SECONDS = 30
MARK = "canary-"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run did: how it ended, the posts at the sink and whose canaries they held, and what was touched at home."""

    status: int
    output: str
    errors: str
    posts: int
    leaked: tuple[str, ...]
    read: tuple[str, ...]
    written: tuple[str, ...]
    records: tuple[dict, ...]

    @property
    def denials(self):
        """The records of what was refused."""
        return tuple(record for record in self.records if record.get("verdict") in ("deny", "kill"))


def play(folder, release, program, *, guarded):
    """Run `program`, an application's text, in a new world below `folder`, and return the Outcome.

    `release` is (name, version, function) where the function returns {path: text} for the sink's URL.
    """
    home = pathlib.Path(folder, "home")
    project = home / "app"
    canaries = _furnish(home, project, program)
    name, version, files = release
    with sink.listening() as (url, received):
        python = _environment(project / ".venv")
        wheels.install(wheels.build(folder, name, version, files(url)), python, _variables(home))
        before = _files(home)
        records = pathlib.Path(folder, "records.jsonl")
        command = [str(python), "app.py"]
        if guarded:
            command = [*itself.command_line(), "run", "--mode", "enforce", "--supervise", "auto", "--records", str(records), "--", *command]
        # What importguard keeps of its own is no deed of the application's.
        own = {"XDG_STATE_HOME": str(pathlib.Path(folder, "state"))}
        status, output, errors = _run(command, project, _variables(home) | own)
    loot = b"\n".join(received)
    return Outcome(
        status, output, errors, len(received),
        leaked=tuple(path for path, canary in canaries.items() if canary.encode() in loot),
        read=tuple(path for path in canaries if (home / path).stat().st_atime_ns > 0),
        written=tuple(sorted(_files(home) - before)),
        records=_records(records),
    )  # fmt: skip


def _furnish(home, project, program):
    """Fill a home with canaries, each a text that is found nowhere else, and return {path: canary}.

    None of them has been read yet, says its access time, which every file system but one mounted noatime keeps.
    """
    (home / "tmp").mkdir(parents=True)
    project.mkdir()
    (project / "app.py").write_text(program)
    (home / demo_fixture.SENTINEL).touch()
    canaries = {path: MARK + uuid.uuid4().hex for path in demo_fixture.CREDENTIALS}
    for path, canary in canaries.items():
        (home / path).parent.mkdir(parents=True, exist_ok=True)
        (home / path).write_text(canary + "\n")
        os.utime(home / path, ns=(0, 0))
    return canaries


def _environment(path):
    """Make a virtual environment without anything in it and return its interpreter."""
    command = [sys.executable, "-I", "-S", "-m", "venv", "--without-pip", path]
    subprocess.run(command, capture_output=True, timeout=SECONDS, check=True)
    return path / "bin" / "python"


def _variables(home):
    """Return the whole environment of a run: nothing of the caller's, so none of the caller's credentials."""
    return {"PATH": os.defpath, "HOME": str(home), "TMPDIR": str(home / "tmp"), "LANG": "C.UTF-8"}


def _run(command, folder, variables):
    """Run a command until its last descendant has closed its output, and return (status, output, errors)."""
    child = subprocess.Popen(
        command, cwd=folder, env=variables, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        text=True, errors="replace", start_new_session=True,
    )  # fmt: skip
    try:
        output, errors = child.communicate(timeout=SECONDS)
    except BaseException:
        # Interrupted or too slow: no process of the attack outlives the demo.
        os.killpg(child.pid, signal.SIGKILL)
        child.wait()
        raise
    return child.returncode, output, errors


def _files(home):
    """Return the files below a home, but for what installers and interpreters put into the environment."""
    found = (path.relative_to(home) for path in home.rglob("*") if path.is_file())
    return {str(path) for path in found if ".venv" not in path.parts and path.parts[0] != "tmp"}


def _records(path):
    if not path.exists():
        return ()
    return tuple(json.loads(line) for line in path.read_text().splitlines())
