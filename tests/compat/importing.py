"""Imports each module of a list in a fresh process of its own and prints, as JSON, how that went.

Runs inside the environment, guarded or not: `python importing.py MODULES.json JOBS`.
"""

import concurrent.futures
import json
import re
import subprocess
import sys

SECONDS = 120
IMPORT = "import importlib, sys; importlib.import_module(sys.argv[1])"
ADDRESS = re.compile(r"0x[0-9a-f]+")


def main(path, jobs):
    with open(path) as listing:
        modules = json.load(listing)
    with concurrent.futures.ThreadPoolExecutor(int(jobs)) as pool:
        json.dump(dict(zip(modules, pool.map(attempt, modules), strict=True)), sys.stdout)


def attempt(module):
    """Import one module; returns {"pid", "error"}: the last line of what it wrote when it failed, or ""."""
    command = [sys.executable, "-c", IMPORT, module]
    child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    try:
        _, said = child.communicate(timeout=SECONDS)
    except subprocess.TimeoutExpired:
        child.kill()
        _, said = child.communicate()
    if not child.returncode:
        return {"pid": child.pid, "error": ""}
    last = (said.decode("utf-8", "replace").strip().splitlines() or ["nothing said"])[-1]
    return {"pid": child.pid, "error": f"exit {child.returncode}: {ADDRESS.sub('0x', last)}"[:300]}


if __name__ == "__main__":
    main(*sys.argv[1:])
