"""Has the modules of one distribution imported, guarded or bare, whatever they do to the process that imports them."""

import contextlib
import json
import os
import selectors
import shutil
import signal
import subprocess
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

PROGRAM = Path(__file__).with_name("importing.py")
PATIENCE = 120  # seconds that one module may take, under load
GRACE = 20  # seconds for what a process still does once everything is imported: atexit, threads
LATE, ENDED = STOPPED = ("took longer than", "ended the process")  # how the errors of modules begin that stop others
STEP = 0.2  # seconds until it is noticed that nobody wants to know any more
BLOCK = 1 << 16


class Stopped(Exception):
    """Nobody wants to know any more."""


@dataclass(frozen=True, slots=True)
class Stage:
    """Where a trial is played: an interpreter, a `folder` of its own, and `guard`, the command line ahead of it or ().

    Once `halt` is set, what is played there ends and raises Stopped.
    """

    python: Path
    folder: Path
    guard: tuple[str, ...] = ()
    variables: tuple[tuple[str, str], ...] = ()
    patience: float = PATIENCE
    halt: threading.Event = field(default_factory=threading.Event)


def play(stage, modules):
    """Import `modules` on a Stage; returns {module: error, or ""}, complete whatever happened."""
    project = _furnish(stage)
    errors, rest = {}, list(modules)
    while rest:
        ended, begun, how = _play_once(stage, project, rest)
        errors.update(ended)
        if begun is None and not ended:
            # It never came to the first module; another try would go the same way.
            return errors | dict.fromkeys(rest, f"not tried: {how}")
        if begun is not None:
            errors[begun] = how
        rest = [module for module in rest if module not in errors]
    return errors


def _furnish(stage):
    for name in ("home", "tmp", "project"):
        (stage.folder / name).mkdir(parents=True, exist_ok=True)
    shutil.copy(PROGRAM, stage.folder / "project")
    return stage.folder / "project"


def _play_once(stage, project, modules):
    """Import until the process ends; returns ({module: error}, the module it ended in or None, how it ended)."""
    read, write = os.pipe()
    command = [*stage.guard, str(stage.python), PROGRAM.name, str(write)]
    (project / "modules").write_text("\n".join(modules))
    with (project / "modules").open() as listed, (stage.folder / "said").open("wb") as said:
        child = subprocess.Popen(
            command, cwd=project, env=_variables(stage), stdin=listed, stdout=subprocess.DEVNULL, stderr=said,
            pass_fds=[write], start_new_session=True,
        )  # fmt: skip
    os.close(write)
    try:
        ended, begun, is_through, is_late = _listen(read, stage)
        status = _end(child, is_late)
    finally:
        os.close(read)
        _kill_group(child)
        child.wait()
    if is_through:
        return ended, None, ""
    how = f"{LATE} {stage.patience:.0f} s" if is_late else f"{ENDED}: exit {status}"
    return ended, begun, f"{how} {_last_line(stage.folder / 'said')}".strip()


def _listen(read, stage):
    """Read reports until the end, or until one takes longer than a Stage's patience; raises Stopped."""
    ended, begun, rest = {}, None, b""
    with selectors.DefaultSelector() as selector:
        selector.register(read, selectors.EVENT_READ)
        while _is_ready(selector, stage):
            data = os.read(read, BLOCK)
            *lines, rest = (rest + data).split(b"\n")
            for line in map(json.loads, lines):
                if not line:
                    return ended, None, True, False
                begun = line[0] if len(line) == 1 else None
                ended.update([line] if len(line) == 2 else [])
            if not data:
                return ended, begun, False, False
    return ended, begun, False, True


def _is_ready(selector, stage):
    """Wait for more to read; False when patience is at its end."""
    end = time.monotonic() + stage.patience
    while not selector.select(max(0, min(STEP, end - time.monotonic()))):
        if stage.halt.is_set():
            raise Stopped("stopped")
        if time.monotonic() >= end:
            return False
    return True


def _end(child, is_late):
    """Wait for the end of a process, which may still have threads and exit handlers; returns its exit status."""
    if is_late:
        child.terminate()
    with contextlib.suppress(subprocess.TimeoutExpired):
        return child.wait(GRACE)
    _kill_group(child)
    return child.wait()


def records(path):
    """Return the records of a trial."""
    if not path.exists():
        return []
    return [json.loads(line) for line in path.read_text("utf-8").splitlines() if line]


def _kill_group(child):
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGKILL)


def _variables(stage):
    """Return the whole environment of a trial: nothing of the caller's, so none of the caller's credentials."""
    own = {"PATH": os.defpath, "HOME": str(stage.folder / "home"), "TMPDIR": str(stage.folder / "tmp")}
    return {**own, "LANG": "C.UTF-8", "PYTHONDONTWRITEBYTECODE": "1", **dict(stage.variables)}


def _last_line(path):
    lines = path.read_text("utf-8", "replace").strip().splitlines()
    return lines[-1][:200] if lines else ""
