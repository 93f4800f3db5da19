"""Ways around the guard that need no attack on it: each reaches its target unguarded, and is stopped under `recommended`."""

import attempts
import pytest
from attempts import CALLED, CALLED_HOME, FORK_EXEC, RAN, Attempt

EVASIONS = {
    "address_of_a_tuples_subclass": Attempt("call(kind=type('Address', (tuple,), {}))", CALLED_HOME),
    "port_of_an_ints_subclass": Attempt("call(port=type('Port', (int,), {})(PORT))", CALLED_HOME),
    "port_with_an_index": Attempt("call(port=type('Port', (), {'__index__': lambda self: PORT})())", CALLED_HOME),
    "host_in_a_bytearray": Attempt("call(host=bytearray(b'127.0.0.1'))", CALLED_HOME),
    "module_without_a_spec": Attempt("__spec__ = None\ncall()", CALLED_HOME),
    "module_that_says_it_is_initialized": Attempt("__spec__._initializing = False\ncall()", CALLED_HOME),
    "module_that_calls_itself_main": Attempt("__name__ = '__main__'\nsteal()"),
    "file_that_is_run_as_main": Attempt(
        "import runpy\nopen(TMP + '/second.py', 'w').write('import acme_evader as e, shutil, os; '"
        " + f'shutil.copyfile({AWS!r}, {LOOT!r})')\nrunpy.run_path(TMP + '/second.py', run_name='__main__')"
    ),
    "program_that_main_is_said_to_be": Attempt(
        "import __main__\n__main__.__file__ = __file__\n\ndef run():\n    steal()", app=CALLED
    ),
    "program_that_an_event_is_forged_for": Attempt(
        "sys.audit('cpython.run_file', __file__)\n\ndef run():\n    steal()", app=CALLED
    ),
    "spec_whose_origin_is_code": Attempt(
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
    "tracer_that_sees_the_guard_at_work": Attempt(
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
    "signals_that_meet_the_guard_at_work": Attempt(
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
    "second_posixsubprocess": Attempt(
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
    "program_of_another_folder_in_the_child": Attempt(
        "import subprocess\nscript(TMP + '/a/uname')\n"
        "subprocess.run(['./uname', '-p'], cwd='/usr/bin', env=dict(os.environ), preexec_fn=lambda: os.chdir(TMP + '/a'))\n"
    ),
    "program_that_the_child_makes": Attempt(
        "import subprocess\npath = TMP + '/b:/usr/bin'\n"
        "subprocess.run(['uname', '-p'], env={**os.environ, 'PATH': path}, preexec_fn=lambda: script(TMP + '/b/uname'))\n"
    ),
    "second_thread_module": Attempt(
        "import _imp, importlib.machinery, shutil, time\n"
        "threads = _imp.create_builtin(importlib.machinery.ModuleSpec('_thread', None))\n"
        "threads.start_new_thread(shutil.copyfile, (AWS, LOOT))\n"
        "size, end = os.path.getsize(AWS), time.monotonic() + 2\n"
        "while time.monotonic() < end and not (os.path.exists(LOOT) and os.path.getsize(LOOT) == size):\n"
        "    os.sched_yield()\n"
    ),
    "function_without_a_module": Attempt(
        "copy = f'import shutil; shutil.copyfile({AWS!r}, {LOOT!r})'\n"
        "space = {}\nexec(f'def run():\\n    exec({copy!r})', space)\nrun = space['run']\n",
        app=CALLED,
    ),
    "child_of_a_second_posix": Attempt(
        "import _imp, importlib.machinery\n"
        "posix = _imp.create_builtin(importlib.machinery.ModuleSpec('posix', None))\n\ndef run():\n"
        "    code = f'import shutil; shutil.copyfile({AWS!r}, {LOOT!r})'\n"
        "    posix.posix_spawn(sys.executable, [sys.executable, '-c', code], {})\n    os.wait()\n",
        app=CALLED,
    ),
    "allowed_program_in_another_folder": Attempt(
        "import subprocess\nscript(TMP + '/usr/bin/uname')\nos.chdir('/')\n"
        "subprocess.run(['usr/bin/uname', '-p'], cwd=TMP)"
    ),
    "allowed_program_whose_path_is_code": Attempt(
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
    "file_that_an_allowed_program_writes_to": Attempt(
        "os.posix_spawn('/usr/bin/uname', ['uname', '-p'], os.environ,"
        " file_actions=[(os.POSIX_SPAWN_OPEN, 1, HOME + '/.bashrc', os.O_WRONLY | os.O_TRUNC, 0o600)])\nos.wait()",
        "wrote:home/.bashrc",
    ),
    "written_program_in_a_moved_folder": Attempt(
        "def run():\n    import subprocess\n    script(TMP + '/a/tool', 'echo ran > $TMPDIR/ran')\n"
        "    os.rename(TMP + '/a', TMP + '/b')\n    subprocess.run([TMP + '/b/tool'])",
        RAN,
        CALLED,
    ),
    "written_program_on_the_path": Attempt(
        "def run():\n    script(TMP + '/a/tool', 'echo ran > $TMPDIR/ran')\n    os.environ['PATH'] = TMP + '/a'\n"
        "    os.posix_spawnp('tool', ['tool'], os.environ)\n    os.wait()",
        RAN,
        CALLED,
    ),
    "written_program_without_a_folder": Attempt(
        "def run():\n    script(TMP + '/a/tool', 'echo ran > $TMPDIR/ran')\n    os.chdir(TMP + '/a')\n"
        "    os.posix_spawn('tool', ['tool'], os.environ)\n    os.wait()",
        RAN,
        CALLED,
    ),
    "written_program_after_a_folder": Attempt(
        FORK_EXEC + "\ndef run():\n    import _posixsubprocess\n    script(TMP + '/a/tool', 'echo ran > $TMPDIR/ran')\n"
        "    fork_exec(_posixsubprocess, [b'tool'], (b'/usr/lib', os.fsencode(TMP + '/a/tool')))",
        RAN,
        CALLED,
    ),
    "child_with_encodings_of_its_own": Attempt(
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
    "database_whose_name_is_quoted": Attempt(
        "import sqlite3\nos.makedirs(HOME + '/.mozilla/x')\n"
        "with sqlite3.connect('file:' + HOME + '/.mozilla/x/cookies.sqlit%65', uri=True) as base:\n"
        "    base.execute('create table t (x)')",
        "wrote:home/.mozilla/x/cookies.sqlite",
    ),
    "database_on_this_host": Attempt(
        "import sqlite3\nos.makedirs(HOME + '/.mozilla/x')\n"
        "with sqlite3.connect('file://localhost' + HOME + '/.mozilla/x/cookies.sqlite', uri=True) as base:\n"
        "    base.execute('create table t (x)')",
        "wrote:home/.mozilla/x/cookies.sqlite",
    ),
    "file_of_the_project_that_is_changed": Attempt(
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
    "secret_under_another_name": Attempt("os.rename(AWS, TMP + '/plain')\nsteal(TMP + '/plain')"),
    "isolated_child_of_a_shell": Attempt(
        "import subprocess\n\ndef run():\n"
        "    subprocess.run(['/bin/sh', '-c', '\"$0\" -I -c \"$1\"', sys.executable, COPY])",
        app=CALLED,
    ),
    "interpreter_under_another_name": Attempt(
        "import subprocess\n\ndef run():\n    subprocess.run(['cp', sys.executable, TMP + '/tool'])\n"
        "    subprocess.run([TMP + '/tool', '-I', '-c', COPY], env={**os.environ, 'PYTHONHOME': sys.base_prefix})",
        app=CALLED,
    ),
    "exit_handler_of_a_called_package": Attempt(
        "import atexit, shutil\n\ndef run():\n    atexit.register(shutil.copyfile, AWS, LOOT)", app=CALLED
    ),
    "exit_handler_when_no_import_seems_under_way": Attempt(
        "import _frozen_importlib, atexit, shutil\n_frozen_importlib._module_locks.clear()\n"
        "atexit.register(shutil.copyfile, AWS, LOOT)"
    ),
}


WITH_HEAD = {name: attempts.with_head(evasion) for name, evasion in EVASIONS.items()}


@pytest.fixture(scope="session")
def room(tmp_path_factory):
    """The Room of one distribution that has a module for each evasion."""
    return attempts.Room("acme_evader", WITH_HEAD, tmp_path_factory.mktemp("evader"))


@pytest.mark.parametrize("name", EVASIONS)
def test_evasion_reaches_its_target_unguarded(name, room, interpreter, tmp_path):
    """The control: without the guard it does what it is there for."""
    attempts.assert_works(room, name, interpreter, tmp_path)


@pytest.mark.parametrize("name", EVASIONS)
def test_evasion_is_stopped(name, room, any_interpreter, tmp_path, request):
    """Under `recommended` it doesn't, with the core in C."""
    attempts.assert_stopped(room, name, any_interpreter, tmp_path, request)


@pytest.mark.parametrize("name", EVASIONS)
def test_evasion_is_stopped_by_the_core_in_python(name, room, interpreter, tmp_path, request):
    """Under `recommended` it doesn't, with the core in Python."""
    attempts.assert_stopped(room, name, interpreter, tmp_path, request, core="py")
