"""Run as a program: does a workload in a process that it guards itself, and prints the time spent inside the guard.

    python inside.py SESSION PACKAGE CODE

The line of output is JSON: milliseconds and calls of the audit hook, and of the finder's look at what was found.
"""

import json
import sys
from time import perf_counter

# The walk to the culprit passes over frames of the import system: the timer must not be taken for the application.
TIMER = """
def timed(function, spent):
    depth = 0
    def timer(*args):
        nonlocal depth
        if depth:
            return function(*args)
        depth = 1
        start = perf_counter()
        try:
            return function(*args)
        finally:
            spent[0] += perf_counter() - start
            spent[1] += 1
            depth = 0
    return timer
"""


def main(session_path, package, code):
    """Arm, run, print."""
    sys.path.insert(0, package)
    from importguard import guard, sessionfile

    sys.path.remove(package)
    namespace = {"__name__": "importlib._bootstrap.timer", "perf_counter": perf_counter}
    exec(TIMER, namespace)
    timed = namespace["timed"]
    in_hook, in_finder = [0.0, 0], [0.0, 0]
    add_hook = sys.addaudithook
    sys.addaudithook = lambda hook: add_hook(timed(hook, in_hook))
    with open(session_path, "rb") as file:
        content = sessionfile.unpack(file.read())
    armed = guard.arm(content, {**guard.TYPED_BY_THE_USER, "session": session_path})
    finder = armed.corridor.finder
    finder.examine = timed(finder.examine, in_finder)
    program = compile(code, "<workload>", "exec")
    in_hook[:] = in_finder[:] = 0.0, 0
    exec(program, {"__name__": "__main__"})
    hook, looked = tuple(in_hook), tuple(in_finder)
    print(json.dumps({"hook_ms": hook[0] * 1e3, "events": hook[1], "finder_ms": looked[0] * 1e3, "specs": looked[1]}))


if __name__ == "__main__":
    main(*sys.argv[1:])
