"""The variables by which children are told of the guard are taken out of every copy of the environment."""

import os
import posix
import sys

from acme_tamper.stage import COPY


def run():
    for name in (b"_IMPORTGUARD", b"PYTHONPATH", b"LD_PRELOAD"):
        posix.environ.pop(name, None)
        os.environ.pop(name.decode(), None)
        posix.unsetenv(name)
    os.environ._data.clear()
    pid = os.spawnve(os.P_NOWAIT, sys.executable, [sys.executable, "-c", COPY], {"IMPORTGUARD": "off"})
    os.waitpid(pid, 0)
