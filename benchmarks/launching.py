"""What `importguard run` itself takes: the seconds that a user waits longer, once a command."""

import os
import statistics
import subprocess
import sys
import sysconfig
import time
from pathlib import Path

LAUNCHER = Path(__file__).parents[1] / "importguard" / "launch" / "launcher.py"


def measure(stage, python, *, rounds):
    """Return {command: (bare, guarded)}, medians of wall seconds over rounds in which both run."""
    environment = {**stage.variants["bare"].environment, "TMPDIR": str(stage.folder / "sessions")}
    run = [sys.executable, "-I", "-S", str(LAUNCHER), sysconfig.get_path("purelib"), "run", "--"]
    found = {}
    for name, words in {"true": ["/bin/true"], "python -c pass": [python, "-c", "pass"]}.items():
        taken = [(_seconds(words, environment), _seconds([*run, *words], environment)) for _ in range(rounds)]
        found[name] = tuple(statistics.median(values) for values in zip(*taken, strict=True))
    return found


def _seconds(words, environment):
    start = time.perf_counter()
    subprocess.run(words, env=environment, check=True, stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL)
    return time.perf_counter() - start


def load():
    """Return how many processes wanted a CPU in the last minute, for each CPU that there is."""
    return os.getloadavg()[0] / (os.cpu_count() or 1)
