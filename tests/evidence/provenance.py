"""Says of each piece of evidence where it comes from: what was run or read, at which commit, on which day and machine."""

import datetime
import os
import platform
import subprocess
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
CPUS = Path("/proc/cpuinfo")


def measured(command):
    """Return the provenance of what is measured now by `command`."""
    today = datetime.datetime.now(datetime.UTC).date().isoformat()
    return {"by": command, "date": today, "commit": commit(), "machine": machine()}


def read(path, command, *, date=None):
    """Return the provenance of a committed file: its last commit, and the day that it names itself or that commit's."""
    sha, _, day = _git("log", "-1", "--format=%h %cs", "--", path).partition(" ")
    return {"by": command, "date": date or day or "unknown", "commit": sha or "unknown", "read_from": str(path)}


def commit():
    """Return the commit that is checked out, with a `+` where files differ from it; "unknown" without git."""
    sha = _git("rev-parse", "--short", "HEAD")
    if not sha:
        return "unknown"
    return sha + ("+" if _git("status", "--porcelain", "--untracked-files=no") else "")


def machine():
    """Return what this machine is, without its name."""
    model = next((line.partition(":")[2].strip() for line in _lines(CPUS) if line.startswith("model name")), "unknown CPU")
    system = f"{platform.system()} {platform.release().partition('-')[0]} {platform.machine()}"
    return f"{os.cpu_count()} × {model}, {system}"


def _lines(path):
    return path.read_text().splitlines() if path.exists() else []


def _git(*arguments):
    try:
        done = subprocess.run(["git", *map(str, arguments)], cwd=PROJECT, capture_output=True, text=True, timeout=30)
    except OSError:
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
