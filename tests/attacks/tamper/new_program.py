"""The process becomes an isolated interpreter that knows nothing of the guard."""

import os
import sys

from acme_tamper.stage import COPY


def run():
    os.execve(sys.executable, [sys.executable, "-I", "-S", "-c", COPY], {})
