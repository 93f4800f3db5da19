"""Imports the modules of a list one after the other in this process, and says how each went before it goes on.

It is copied beside the list and run there, guarded or not: `python importing.py FD < MODULES`. Each line that it writes
is JSON: [module] when it begins, [module, error] when it ends, "" for no error, and [] when all are through.
"""

import importlib
import json
import os
import re
import sys

ADDRESS = re.compile(r"0x[0-9a-f]+")
LONGEST = 300


def main(fd, modules, write=os.write, dumps=json.dumps, load=importlib.import_module):
    """Import `modules`; what they do to os and json while they are imported is of no consequence to this."""
    for module in modules:
        write(fd, dumps([module]).encode() + b"\n")
        write(fd, dumps([module, attempt(module, load)]).encode() + b"\n")
    write(fd, b"[]\n")


def attempt(module, load):
    """Import one module; returns what went wrong in one line, or an empty text."""
    try:
        load(module)
    except BaseException as error:  # SystemExit and KeyboardInterrupt are what modules end with, too
        text = f"{type(error).__name__}: {error}".strip().partition("\n")[0]
        return ADDRESS.sub("0x", text)[:LONGEST]
    return ""


if __name__ == "__main__":
    listed = sys.stdin.read().split()
    sys.argv[1:], reports = [], int(sys.argv[1])
    os.set_inheritable(reports, False)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    main(reports, listed)
