"""The builtins behind the guard's wraps are taken out of their closures: each starts a child that nobody tells of the guard."""

import os
import posix
import sys

from acme_tamper.stage import COPY, tampered, trying


def behind(function):
    for cell in getattr(getattr(function, "__wrapped__", function), "__closure__", None) or ():
        if type(cell.cell_contents) is type(len):
            tampered()
            return cell.cell_contents
    return function


def run():
    import _posixsubprocess

    posix_spawn, fork_exec = behind(posix.posix_spawn), behind(_posixsubprocess.fork_exec)
    argv, variables = [sys.executable, "-S", "-c", COPY], {"PATH": os.defpath}
    with trying():
        os.waitpid(posix_spawn(sys.executable, argv, variables), 0)
    r, w = os.pipe()
    more = (-1, None, None, None, -1, None, False)
    lines = [b"PATH=" + os.fsencode(os.defpath)]
    program = (os.fsencode(sys.executable),)
    with trying():
        fork_exec(argv, program, True, (w,), None, lines, -1, -1, -1, -1, -1, -1, r, w, False, False, *more)
        os.wait()
