"""Small programs that behave under the guard as they do without it; each was told from a test of CPython's own."""

import pytest
from support import guarded, worlds

LAST_OBJECTS = """
import sys

class Last:
    def __init__(self):
        self.itself = self
    def __del__(self):
        print("finalized", sys.version_info[0])

class Simple:
    def __del__(self):
        print("finalized as well")

last, simple = Last(), Simple()
print("started")
"""
ENVIRONMENT = """
import os, subprocess, sys

NAMES = ["PUT", "GONE", "FRUIT", "ITEM", "PYTHONPATH", "LAST"]
SAYS = "import os; print([os.environ.get(name) for name in %r], [name for name in os.environ if 'GUARD' in name], flush=True)" % NAMES
os.environ["GONE"] = "no"
os.putenv("PUT", "yes")
os.unsetenv("GONE")
os.environ["ITEM"] = "of the mapping"
def last(): os.putenv("LAST", "in the child"); os.environ["PYTHONPATH"] = "/nowhere"
sys.stdout.flush()
command = [sys.executable, "-c", SAYS]
subprocess.run(command)
subprocess.run([sys.executable, "-I", "-c", SAYS], preexec_fn=last)
subprocess.run(command, preexec_fn=last, env={"FRUIT": "apple"})
os.spawnv(os.P_WAIT, sys.executable, command)
subprocess.run(["/bin/sh", "-c", 'echo "$PUT" "$GONE" "$ITEM" "$LAST"'], preexec_fn=last)
os.system('echo "$PUT" "$GONE" "$ITEM"')
os.environ = {}
subprocess.run(command)
failed = "none"
def fails(): raise LookupError
try:
    subprocess.run(command, preexec_fn=fails)
except subprocess.SubprocessError as error:
    failed = error
print(failed)
"""
SUB_INTERPRETER = """
try:
    import _interpreters as interpreters
except ImportError:
    import _xxsubinterpreters as interpreters
import sys

SAYS = "import os, sys; print(sys.path, sorted(os.environ), sys.flags, flush=True)"
print("started", flush=True)
run = getattr(interpreters, "exec", interpreters.run_string)
print(run(interpreters.create(), SAYS))
"""
IN_CLASSES = """
import inspect, os, pickle, sys

class Starter:
    system, spawn, spawnp, put = os.system, os.posix_spawn, os.posix_spawnp, os.putenv
    def ends(self, pid):
        return os.waitpid(pid, 0)[1]

starter, shell = Starter(), ["/bin/sh", "-c", "exit 3"]
print(starter.put("LEFT", "right"), flush=True)
print(starter.system('echo "$LEFT"; exit 2'), [starter.ends(start(shell[0], shell, os.environ)) for start in (starter.spawn, starter.spawnp)])
for function in (os.system, os.execv):
    print(pickle.loads(pickle.dumps(function)) is function, function, function.__name__, function.__module__, function.__doc__)
    print(list(inspect.signature(function).parameters)[:1])
"""
PROGRAMS = {
    "its classes hold what starts programs": IN_CLASSES,
    "its last objects are finalized": LAST_OBJECTS,
    "its children have the environment that it gave them": ENVIRONMENT,
    "its sub-interpreters find the same as itself": SUB_INTERPRETER,
}


@pytest.fixture
def place(tmp_path, empty_environment):
    with worlds.furnished(tmp_path, empty_environment) as world:
        yield world


@pytest.mark.parametrize("core", ["c", "py"])
@pytest.mark.parametrize("program", PROGRAMS.values(), ids=PROGRAMS)
def test_a_program_of_which_a_guard_could_make_something_else(place, any_interpreter, program, core):
    """It says the same bare, observed and under recommended, and ends the same."""
    command = [any_interpreter.path, "-s", "-c", program]
    # The shell that starts the launcher sets PWD where it isn't set.
    variables = {"PYTHONPATH": "/nowhere", "PWD": str(place.project)}
    bare = guarded.run(place, command, mode=guarded.UNGUARDED, variables=variables)
    assert bare.returncode == 0 and bare.stdout, bare.story()

    for mode in (guarded.OBSERVE, guarded.RECOMMENDED):
        outcome = guarded.run(place, command, mode=mode, options=("--core", core), variables=variables)

        assert (outcome.stdout, outcome.returncode) == (bare.stdout, bare.returncode), f"{mode}: {outcome.story()}"
        armed = [record for record in outcome.records if record["event"] == "armed"]
        assert armed[0]["core"] == core, outcome.story()
