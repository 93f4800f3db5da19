"""Runs programs that use the core in C by hand, without a launcher, with any CPython that it is built for."""

import marshal
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
RULES = '[run]\ndeny = ["env.read:HYGIENE_*", "env.write:HYGIENE_*", "net.connect"]\n'
PROJECT = HERE.parents[1]

sys.path.insert(0, str(HERE.parent / "twins"))

import policies  # noqa: E402  (tests/ is no package)


def run(interpreter, folder, text, *arguments):
    """Run a program, whose first argument is the file of a policy's table; return what it printed, the errors behind it."""
    if not (PROJECT / "importguard" / "core" / f"ccore{interpreter.suffix}").exists():
        pytest.skip(f"no core in C is built for CPython {interpreter.version}")
    table = folder / "table"
    table.write_bytes(marshal.dumps(policies.flat(RULES), 4))
    begin = f"import sys; sys.path[:0] = {[str(HERE), str(PROJECT)]!r}\n"
    command = [interpreter.path, "-B", "-c", begin + text, table, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=3000)
    return done.stdout + done.stderr
