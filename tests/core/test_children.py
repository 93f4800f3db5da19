"""Child processes: each way to start one is guarded, and what it does is charged to whoever started it."""

import json

import pytest
from support import guarded

WAYS = {
    "subprocess": "subprocess.run([sys.executable, '-c', CODE])",
    "subprocess -I": "subprocess.run([sys.executable, '-I', '-c', CODE])",
    "subprocess -E": "subprocess.run([sys.executable, '-E', '-c', CODE])",
    "subprocess env={}": "subprocess.run([sys.executable, '-c', CODE], env={'SINK': os.environ['SINK']})",
    "env -i": "subprocess.run(['/usr/bin/env', '-i', 'SINK=' + os.environ['SINK'], sys.executable, '-c', CODE])",
    "env -vi": "subprocess.run(['env', '-vi', 'SINK=' + os.environ['SINK'], sys.executable, '-c', CODE])",
    "env -S": "subprocess.run(['env', '-S-i SINK=' + os.environ['SINK'] + ' ' + sys.executable + \" -c 'import acme_kid'\"])",
    "env A=": "subprocess.run(['env', 'LD_PRELOAD=', 'PYTHONPATH=', '_IMPORTGUARD=', sys.executable, '-c', CODE])",
    "timeout env -i": "subprocess.run(['timeout', '50', 'env', '-i', 'SINK=' + os.environ['SINK'], sys.executable, '-c', CODE])",
    "a first line with env -S -i": (
        "with open('tool', 'w') as file:\n    file.write(f\"#!/usr/bin/env -S -i SINK={os.environ['SINK']} {sys.executable}\\nimport acme_kid\\n\")\n"
        "os.chmod('tool', 0o700)\nsubprocess.run(['./tool'])"
    ),
    "subprocess close_fds=False": "subprocess.run([sys.executable, '-c', CODE], close_fds=False)",
    "subprocess shell": "subprocess.run(f'\"{sys.executable}\" -c \"{CODE}\"', shell=True)",
    "os.system": "os.system(f'\"{sys.executable}\" -c \"{CODE}\"')",
    "os.popen": "os.popen(f'\"{sys.executable}\" -c \"{CODE}\"').read()",
    "os.spawnv": "os.spawnv(os.P_WAIT, sys.executable, [sys.executable, '-c', CODE])",
    "os.spawnve": "os.spawnve(os.P_WAIT, sys.executable, [sys.executable, '-c', CODE], {'SINK': os.environ['SINK']})",
    "posix_spawn": "os.waitpid(os.posix_spawn(sys.executable, [sys.executable, '-Ic', CODE], os.environ), 0)",
    "fork": "pid = os.fork()\nif not pid:\n    exec(CODE)\n    os._exit(0)\nos.waitpid(pid, 0)",
    "fork and execv": "pid = os.fork()\nif not pid:\n    os.execv(sys.executable, [sys.executable, '-c', CODE])\nos.waitpid(pid, 0)",
    "fork_exec": (
        "import _posixsubprocess\nr, w = os.pipe()\n"
        "_posixsubprocess.fork_exec([sys.executable.encode(), b'-c', CODE.encode()], (sys.executable.encode(),), True,"
        " (w,), None, None, -1, -1, -1, -1, -1, -1, r, w, False, False, *MORE)\nos.wait()"
    ),
    "multiprocessing fork": "worker('fork')",
    "multiprocessing spawn": "worker('spawn')",
    "multiprocessing forkserver": "worker('forkserver')",
    "executor": "import concurrent.futures as f\nwith f.ProcessPoolExecutor(1) as p:\n    p.submit(load).result()",
    "asyncio": "import asyncio\nasync def go():\n    await (await asyncio.create_subprocess_exec(sys.executable, '-c', CODE)).wait()\nasyncio.run(go())",
}  # fmt: skip
PROGRAM = """
import multiprocessing, os, subprocess, sys
CODE = "import acme_kid"
MORE = (-1, None, None, None, -1, None, False)

def load():
    import acme_kid

def worker(method):
    child = multiprocessing.get_context(method).Process(target=load)
    child.start()
    child.join()

if __name__ == "__main__":
{way}
    print("app done")
"""


def program(world, way):
    body = "\n".join("    " + line for line in WAYS[way].splitlines())
    (world.project / "app.py").write_text(PROGRAM.replace("{way}", body))
    return [world.environment.python, "app.py"]


@pytest.mark.parametrize("way", WAYS)
def test_a_child_that_is_started_this_way_reaches_its_target_unguarded(world, way):
    """Without the guard the child's package calls home."""
    outcome = guarded.run(world, program(world, way), mode=guarded.UNGUARDED)

    assert "GET:/kid" in world.evidence(), outcome.story()


@pytest.mark.parametrize("way", WAYS)
def test_a_child_that_is_started_this_way_is_guarded(world, way):
    """The package that is imported in the child is refused, there as here."""
    outcome = guarded.run(world, program(world, way))

    assert "GET:/kid" not in world.evidence(), outcome.story()
    assert outcome.decisions(capability="net.connect", owner="acme-kid", phase="import", verdict="deny"), outcome.story()
    assert "app done" in outcome.stdout


READS_KEY = "print(open(__import__('os').path.expanduser('~/.ssh/id_ed25519')).read())"


@pytest.mark.parametrize("way", ["subprocess -I", "os.system", "multiprocessing spawn"])
def test_children_are_guarded_on_every_version(any_world, way):
    """The ways that differ between versions, on each of them."""
    outcome = guarded.run(any_world, program(any_world, way))

    assert "GET:/kid" not in any_world.evidence(), outcome.story()
    assert outcome.decisions(capability="net.connect", owner="acme-kid", verdict="deny"), outcome.story()


def test_what_a_child_does_is_its_starters_doing(world):
    """A package may start a child while running; the child's own code then is that package's."""
    (world.project / "app.py").write_text(f"import acme_starter\nprint(acme_starter.start({READS_KEY!r}))\n")

    outcome = guarded.run(world, [world.environment.python, "app.py"])

    [decision] = outcome.decisions(capability="fs.read", verdict="deny")
    assert (decision["owner"]["name"], decision["owner"]["version"], decision["phase"]) == ("acme-starter", "2.1", "run")
    assert world.canaries["ssh"] not in outcome.stdout


def test_the_applications_own_child_has_its_authority(world):
    """The same code in a child that the application starts may read the application's key."""
    (world.project / "app.py").write_text(
        f"import subprocess, sys\nsubprocess.run([sys.executable, '-c', {READS_KEY!r}], check=True)\n"
    )

    outcome = guarded.run(world, [world.environment.python, "app.py"])

    assert world.canaries["ssh"] in outcome.stdout, outcome.story()


def test_a_child_cannot_switch_its_guard_off(world):
    """IMPORTGUARD=off and a forged session variable in the child's environment change nothing."""
    (world.project / "app.py").write_text(
        "import os, subprocess, sys\n"
        "env = {**os.environ, 'IMPORTGUARD': 'off', '_IMPORTGUARD': 'x', 'PYTHONPATH': ''}\n"
        "subprocess.run([sys.executable, '-c', 'import acme_kid'], env=env)\n"
    )

    outcome = guarded.run(world, [world.environment.python, "app.py"])

    assert outcome.decisions(capability="net.connect", owner="acme-kid", verdict="deny"), outcome.story()
    assert "GET:/kid" not in world.evidence()


SHOWS = """
import json, os, sys
print(json.dumps([list(sys.flags), sorted(k for k in os.environ if "PYTHON" in k or "IMPORTGUARD" in k), sys.path,
                  sys.argv, sys.orig_argv[1:], sorted(m for m in sys.modules if not m.startswith("importguard"))]))
"""


@pytest.mark.parametrize("options", [[], ["-S"], ["-I"], ["-E"], ["-s", "-B"], ["-X", "dev"], ["-O"]])
def test_a_guarded_interpreter_looks_like_an_unguarded_one(any_world, options):
    """Flags, environment, path and arguments are what the user typed; only modules of the guard are added."""
    (any_world.project / "show.py").write_text(SHOWS)
    inner = [str(any_world.environment.python), *options, "show.py", "x"]
    (any_world.project / "app.py").write_text(
        f"import os, subprocess\nsubprocess.run({inner!r}, env={{**os.environ, 'PYTHONDEVMODE': ''}})\n"
    )

    seen = {}
    for mode in (guarded.UNGUARDED, guarded.OBSERVE):
        outcome = guarded.run(any_world, [any_world.environment.python, "app.py"], mode=mode)
        seen[mode] = json.loads(outcome.stdout)
    bare, observed = seen[guarded.UNGUARDED], seen[guarded.OBSERVE]

    assert observed[:4] == bare[:4]
    assert set(observed[5]) - set(bare[5]) <= {"errno"}
