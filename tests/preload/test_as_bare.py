"""What a program sees of itself: the same as without the preload, whichever options and variables it was started with."""

import json
import subprocess

import pytest
from support import guarded, wheels

SHOWS = """
import json, os, sys
os.environ.pop("PWD", None)  # which the shell script that starts importguard sets
print(json.dumps([str(type(sys.flags).__mro__), list(sys.flags), dict(os.environ), sys.path,
                  sys.argv, sys.orig_argv[1:], sys.warnoptions, sorted(sys._xoptions)]))
"""
# Options and variables of the interpreter.
STARTS = {
    "plain": ("", {}),
    "-I": ("-I", {}),
    "-E": ("-E", {"PYTHONSTARTUP": "/nowhere", "PYTHONINSPECT": ""}),
    "-I -S": ("-I -S", {}),
    "-X dev": ("-X dev", {}),
    "-I -X dev": ("-I -X dev", {}),
    "PYTHONMALLOC": ("", {"PYTHONMALLOC": "debug"}),
    "PYTHONMALLOC=malloc_debug": ("", {"PYTHONMALLOC": "malloc_debug"}),
    "PYTHONDEVMODE": ("", {"PYTHONDEVMODE": "1"}),
    "-X tracemalloc": ("-X tracemalloc", {}),
    "PYTHONPATH": ("-E", {"PYTHONPATH": "/nowhere:/elsewhere"}),
    "empty variables": ("", {"PYTHONPATH": "", "LD_PRELOAD": ""}),
}
SUB_INTERPRETER = """
try:
    import _interpreters as interpreters
except ImportError:
    import _xxsubinterpreters as interpreters
SAYS = "import os, sys; print(sys.path, sorted(os.environ), sys.flags, flush=True)"
print(getattr(interpreters, "exec", interpreters.run_string)(interpreters.create(), SAYS), flush=True)
"""
SHELL = "import subprocess, sys\nsys.exit(subprocess.run([{python!r} + ' {options} show.py x'], shell=True).returncode)\n"
DIRECT = "import subprocess, sys\nsys.exit(subprocess.run([{python!r}, *{options!r}.split(), 'show.py', 'x']).returncode)\n"
OWN_OBJECT = """
#include <fcntl.h>
#include <unistd.h>
__attribute__((constructor)) static void leave_a_trace(void) { close(open("trace", O_CREAT | O_WRONLY | O_APPEND, 0600)); }
"""


@pytest.fixture
def see(every_world):
    """A function that runs show.py below an application and returns what it shows, its errors and its exit status."""

    def see(source, start, mode):
        options, variables = STARTS[start]
        (every_world.project / "show.py").write_text(SHOWS)
        python = str(every_world.environment.python)
        (every_world.project / "app.py").write_text(source.format(python=python, options=options))
        outcome = guarded.run(every_world, [python, "app.py"], mode=mode, variables=variables)
        return json.loads(outcome.stdout), outcome.stderr, outcome.returncode

    return see


@pytest.mark.parametrize("start", STARTS)
@pytest.mark.parametrize("source", [SHELL, DIRECT], ids=["behind a shell", "from Python"])
def test_an_interpreter_sees_itself_as_it_would_alone(source, start, see):
    """Flags and their type, environment, path and arguments are those of a bare interpreter, and so is how it ends."""
    bare = see(source, start, guarded.UNGUARDED)
    enforced = see(source, start, guarded.RECOMMENDED)

    assert enforced == bare


@pytest.mark.parametrize("core", ["c", "py"])
@pytest.mark.parametrize("mode", [guarded.OBSERVE, guarded.RECOMMENDED])
def test_a_sub_interpreter_of_an_isolated_one_finds_the_same_as_it_would_alone(mode, core, every_world):
    """No variable of the guard and no folder of it is seen there either."""
    command = ["/bin/sh", "-c", '"$0" -I -c "$1"', every_world.environment.python, SUB_INTERPRETER]
    variables = {"PYTHONPATH": "/nowhere", "LD_PRELOAD": "", "PWD": str(every_world.project)}
    bare = guarded.run(every_world, command, mode=guarded.UNGUARDED, variables=variables)

    outcome = guarded.run(every_world, command, mode=mode, options=("--core", core), variables=variables)

    assert bare.returncode == 0 and "sys.flags" in bare.stdout
    assert (outcome.stdout, outcome.returncode) == (bare.stdout, 0), outcome.story()


def test_an_object_that_the_user_preloads_stays(every_world, compiler, preload):
    """LD_PRELOAD of the user's own works in every process of the tree, and the program sees it as it was set."""
    own = str(wheels.compile_c(OWN_OBJECT, every_world.root / "own.so", "-shared", "-fPIC"))
    show = "import os; print(os.environ.get('LD_PRELOAD'), flush=True)"
    (every_world.project / "app.py").write_text(
        f"import os, subprocess, sys\nexec({show!r})\nos.unlink('trace')\n"
        f"subprocess.run([sys.executable, '-I', '-c', {show!r}])\nos.unlink('trace')\n"
        "subprocess.run('/bin/true', shell=True)\nos.unlink('trace')\n"
        f"del os.environ['LD_PRELOAD']\nsubprocess.run([sys.executable, '-c', {show!r}])\n"
    )

    outcome = guarded.run(every_world, [every_world.environment.python, "app.py"], variables={"LD_PRELOAD": own})

    assert outcome.stdout.split() == [own, own, "None"], outcome.story()
    assert outcome.returncode == 0 and outcome.stderr == ""
    assert not (every_world.project / "trace").exists()
    layers = [record["layers"] for record in outcome.records if record["event"] == "armed"]
    assert ["preload" in found for found in layers] == [True] * 3


def test_the_object_is_mapped_where_the_guard_says_so(every_world, preload):
    """The layer `preload` in the `armed` record is what /proc says of the process."""
    outcome = guarded.run(
        every_world, [every_world.environment.python, "-I", "-c", "print(open('/proc/self/maps').read())"]
    )

    [armed] = [record for record in outcome.records if record["event"] == "armed"]
    assert preload in outcome.stdout
    assert "preload" in armed["layers"] and not any(text.startswith("preload") for text in armed["missing"])


def test_the_object_exports_nothing(preload, compiler):
    """No symbol of the object can come in the way of a program's own."""
    done = subprocess.run(["nm", "-D", "--defined-only", preload], capture_output=True, text=True)

    assert done.returncode == 0 and done.stdout == ""
