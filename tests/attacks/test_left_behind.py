"""What a package leaves behind when it is imported, and the interpreter, the library or a program acts on for the application."""

import shutil

import attempts
import pytest
from attempts import ACT, EVERYWHERE, IMPORTED, STACK, Attempt

DATA, BUILTINS = "what-is-left-for-the-library-to-read", "callbacks-made-of-builtins"
ORIGIN = "work-that-carries-its-origin"
FOUND = "reading, writing = os.pipe()\nos.write(writing, %s)\nos.close(writing)\nos.dup2(reading, 0)\n"
TYPED = "import tty\nmaster, slave = os.openpty()\ntty.setraw(slave)\nos.write(master, COPY.encode() + b'\\nexit()\\n')\nos.dup2(slave, 0)\n"
# Fails in code that says it comes from the file of keys.
FAILING = "exec(compile('def run():\\n    1 / 0\\n', AWS, 'exec'))\n"
KEEP = "def keep():\n    import linecache\n    open(LOOT, 'w').write(''.join(linecache.cache[AWS][2]))\n"
PACKAGE = "import {package}.{name} as package\n"
TOLD = "import traceback\ntry:\n    %s\nexcept ZeroDivisionError:\n    traceback.format_exc()\n"
# What the interpreter shows is kept by whoever stands for standard error.
LISTENER = """
class Listener:
    flush = lambda self: None
    def write(self, text):
        with open(LOOT, "a") as loot:
            loot.write(text.replace("    ", ""))

sys.stderr = Listener()
for number in range(1, 20):
    exec(compile("\\n" * (number - 1) + f"def run{number}(): run{number + 1}() if {number} < 19 else 1 / 0", AWS, "exec"))
"""
THREAD = "import threading\n\ndef work():\n    abs(1)\n\nthread = threading.Thread(target=work)\nthread.start()\nthread.join()\n"
OUTERMOST = "frame = sys._getframe()\nwhile frame.f_back:\n    frame = frame.f_back\n"
# Goes past a line of the application.
JUMPING = OUTERMOST + """
def trace(frame, event, argument):
    if frame.f_code.co_filename.endswith("app.py") and event == "line" and frame.f_lineno == 3:
        frame.f_lineno = 4
    return trace

frame.f_trace = trace
sys.settrace(trace)
"""
REPOSITORY = """
import shutil
shutil.copytree(".git", TMP + "/own")
script(TMP + "/tool")
with open(TMP + "/own/config", "a") as file:
    file.write(f"[core]\\nfsmonitor = {TMP}/tool\\n")
os.environ["GIT_COMMON_DIR"] = TMP + "/own"
"""
NEW_REPOSITORY = "import subprocess\nsubprocess.run(['git', 'init', '-q'])\n"


def run_by(app, *command):
    """Return an application that imports the package and starts a program."""
    return app + IMPORTED + f"import subprocess\nsubprocess.run([{', '.join(map(repr, command))}], capture_output=True)\n"


def still_open(source, app=IMPORTED, section=BUILTINS, **fields):
    """Return an Attempt that nothing stops yet."""
    return Attempt(source, app=app, open_on=EVERYWHERE, section=section, **fields)


LEFT_BEHIND = {
    "file_of_a_traceback": Attempt(FAILING + KEEP, app=PACKAGE + TOLD % "package.run()" + "package.keep()\n"),
    "file_of_a_traceback_when_imported": Attempt(
        FAILING + KEEP + "import atexit\natexit.register(keep)\nrun()\n", app=TOLD % IMPORTED.strip()
    ),
    "file_of_a_warning": Attempt(
        KEEP + "def warn():\n    import warnings\n    warnings.warn_explicit('old', UserWarning, AWS, 1)\n",
        app=PACKAGE + "import warnings\nheard = []\nwith warnings.catch_warnings(record=True) as heard:\n    warnings.simplefilter('always')\n"
        "    package.warn()\nwarnings.formatwarning(heard[0].message, UserWarning, heard[0].filename, 1)\npackage.keep()\n",
    ),
    "lines_of_the_last_traceback": Attempt(LISTENER, app=PACKAGE + "package.run1()\n"),
    "lines_of_what_can_not_be_raised": still_open(
        LISTENER + "class Own:\n    __del__ = lambda self: run1()\n\nkept = [Own()]\n",
        PACKAGE + "package.kept.clear()\n",
        DATA,
    ),
    "lines_of_a_thread": Attempt(
        LISTENER,
        app=PACKAGE + "import threading\nthread = threading.Thread(target=lambda: package.run1())\nthread.start()\nthread.join()\n",
        open_on=("3.11", "3.12"),
        section=DATA,
    ),
    "file_of_types": Attempt(
        "import mimetypes\nmimetypes.knownfiles.append(AWS)\n\n"
        "def keep():\n    if any('secret' in kind for kind in mimetypes.types_map.values()):\n        open(LOOT, 'w').close()\n",
        "wrote:tmp/loot",
        app=PACKAGE + "import mimetypes\nmimetypes.guess_type('a.txt')\npackage.keep()\n",
    ),
    "file_of_a_system": Attempt(
        "import platform\nplatform._os_release_candidates = (os.getcwd() + '/.env',)\n\n"
        "def keep():\n    open(LOOT, 'w').write(str(platform._os_release_cache))\n",
        "kept:dotenv0",
        app=PACKAGE + "import platform\ntry:\n    platform.freedesktop_os_release()\nexcept PermissionError:\n    pass\npackage.keep()\n",
    ),
    "file_of_a_log": still_open(
        "import logging\nhandler = logging.FileHandler(HOME + '/.bashrc', delay=True)\nlogging.root.addHandler(handler)\n",
        IMPORTED + "import logging\nlogging.error('hello')\n",
        DATA,
        shows="wrote:home/.bashrc",
    ),
    "browser": still_open(
        "import webbrowser\nwebbrowser.register('own', None, webbrowser.GenericBrowser(['cp', AWS, LOOT]), preferred=True)\n",
        IMPORTED + "import webbrowser\nwebbrowser.open('http://127.0.0.1/')\n",
        DATA,
    ),
    "file_of_the_program_for_its_workers": still_open(
        "import __main__\nopen(TMP + '/second.py', 'w').write(COPY)\n__main__.__file__ = TMP + '/second.py'\n",
        "if __name__ == '__main__':\n    import {package}.{name}, multiprocessing\n"
        "    child = multiprocessing.get_context('spawn').Process(target=abs, args=(1,))\n    child.start()\n    child.join()\n",
        DATA,
    ),
    "input_of_a_debugger": still_open(
        "import io\nsys.stdin = io.StringIO('!' + COPY + '\\nc\\n')\n", IMPORTED + "breakpoint()\nx = 1\n", DATA
    ),
    "input_of_an_interactive_session": still_open(FOUND % "COPY.encode() + b'\\n'", section=DATA, command=("-i", "app.py")),
    "input_of_a_shell": still_open(
        FOUND % "b'cp ~/.aws/credentials $TMPDIR/loot\\n'", run_by("", "sh"), DATA
    ),
    "settings_of_a_debugger": Attempt(
        "open(HOME + '/.pdbrc', 'w').write(COPY + '\\ncontinue\\n')\n",
        app=IMPORTED + "import io, sys\nsys.stdin = io.StringIO('c\\n')\nbreakpoint()\nx = 1\n",
    ),
    "session_after_the_program": Attempt(TYPED + "os.environ['PYTHONINSPECT'] = '1'\n"),
    "hook_after_the_program": Attempt(
        TYPED + "import functools, shutil\nos.environ['PYTHONINSPECT'] = '1'\nsys.__interactivehook__ = functools.partial(shutil.copyfile, AWS, LOOT)\n"
    ),
    "function_of_a_shell": Attempt(
        "os.environ['BASH_FUNC_ls%%'] = '() { cp ~/.aws/credentials $TMPDIR/loot; }'\n", app=run_by("", "bash", "-c", "ls")
    ),
    "settings_beside_a_repository": Attempt(REPOSITORY, app=run_by(NEW_REPOSITORY, "git", "status")),
    "settings_of_a_download": Attempt(
        "script(TMP + '/tool')\nopen(TMP + '/rc', 'w').write('use_askpass = ' + TMP + '/tool\\n')\nos.environ['WGETRC'] = TMP + '/rc'\n",
        app=run_by("", "wget", "-q", "-O", "/dev/null", "http://127.0.0.1:9/"),
    ),
    "codec": Attempt(
        STACK + "import codecs\ncodecs.register(of_one)\n",
        app=IMPORTED + "try:\n    ''.encode('no-such')\nexcept (TypeError, LookupError):\n    pass\n",
    ),
    "handler_of_errors_of_a_codec": Attempt(
        STACK + "import codecs\ncodecs.register_error('own', of_one)\n",
        app=IMPORTED + "try:\n    '\\xe9'.encode('ascii', 'own')\nexcept (TypeError, UnicodeError):\n    pass\n",
    ),
    "monitor_of_lines": Attempt(
        STACK + OUTERMOST + "if sys.version_info >= (3, 12):\n    events = sys.monitoring\n"
        "    events.use_tool_id(3, 'own')\n    events.register_callback(3, events.events.LINE, of_two)\n"
        "    events.set_local_events(3, frame.f_code, events.events.LINE)\nelse:\n    stack.close()\n",
        app=IMPORTED + "x = 1\ny = 2\n",
    ),
    "finder": still_open(
        STACK + "import types\nsys.meta_path.append(types.SimpleNamespace(find_spec=of_three))\n",
        IMPORTED + "try:\n    import no_such\nexcept (AttributeError, ImportError):\n    pass\n",
    ),
    "reducer_of_a_class": still_open(
        STACK + "import copyreg\n\nclass Own:\n    pass\n\ncopyreg.pickle(Own, of_one)\n",
        PACKAGE + "import copy\ntry:\n    copy.copy(package.Own())\nexcept TypeError:\n    pass\n",
    ),
    "profiler_of_threads": still_open(STACK + "import threading\nthreading.setprofile(of_three)\n", IMPORTED + THREAD),
    "tracer_of_threads": still_open(STACK + "import threading\nthreading.settrace(of_three)\n", IMPORTED + THREAD),
    "tracer_of_a_frame": still_open(
        STACK + OUTERMOST + "frame.f_trace = of_three\nsys.settrace(lambda *_: None)\n", IMPORTED + "x = 1\ny = 2\n"
    ),
    "handler_of_the_end_of_a_log": still_open(
        "import functools, logging, shutil\nlogging._handlerList.append(functools.partial(shutil.copyfile, AWS, LOOT))\n"
    ),
    "own_exit_of_threads": still_open(ACT + "import threading\nthreading._register_atexit(act)\n", section=ORIGIN, shows="wrote:tmp/loot"),
    "own_codec": Attempt(
        ACT + "import codecs\ncodecs.register(act)\n",
        "wrote:tmp/loot",
        app=IMPORTED + "try:\n    ''.encode('no-such')\nexcept (LookupError, PermissionError):\n    pass\n",
    ),
    "own_monitor_of_lines": Attempt(
        ACT + OUTERMOST + "if sys.version_info >= (3, 12):\n    events = sys.monitoring\n    events.use_tool_id(3, 'own')\n"
        "    events.register_callback(3, events.events.LINE, act)\n    events.set_local_events(3, frame.f_code, events.events.LINE)\n"
        "else:\n    act()\n",
        "wrote:tmp/loot",
        app=IMPORTED + "x = 1\ny = 2\n",
    ),
    "jump_in_the_application": still_open(
        JUMPING,
        IMPORTED + "import os, shutil\nif os.environ.get('NEVER'):\n"
        "    shutil.copyfile(os.path.expanduser('~/.aws/credentials'), os.environ['TMPDIR'] + '/loot')\n",
        "an-application-that-does-as-it-is-told",
    ),
}
PROGRAMS = {
    "function_of_a_shell": "bash", "settings_beside_a_repository": "git", "settings_of_a_download": "wget"
}  # fmt: skip
STOPPED_BY_PYTHON_TOO = [name for name in LEFT_BEHIND if name.startswith(("file_of_a_tr", "file_of_a_w", "file_of_types", "file_of_a_sy", *PROGRAMS))]
WITH_HEAD = {name: attempts.with_head(each) for name, each in LEFT_BEHIND.items()}


def must_be_possible(name):
    """Skip where the program isn't there."""
    if name in PROGRAMS and not shutil.which(PROGRAMS[name]):
        pytest.skip(f"needs {PROGRAMS[name]}")


@pytest.fixture(scope="session")
def room(tmp_path_factory):
    """The Room of one distribution that has a module for each."""
    return attempts.Room("acme_left", WITH_HEAD, tmp_path_factory.mktemp("left"))


@pytest.mark.parametrize("name", LEFT_BEHIND)
def test_what_is_left_behind_reaches_its_target_unguarded(name, room, interpreter, tmp_path):
    """The control: without the guard it does what it is there for."""
    must_be_possible(name)

    attempts.assert_works(room, name, interpreter, tmp_path)


@pytest.mark.parametrize("name", LEFT_BEHIND)
def test_what_is_left_behind_is_stopped(name, room, any_interpreter, tmp_path, request):
    """Under `recommended` it isn't done."""
    must_be_possible(name)

    attempts.assert_stopped(room, name, any_interpreter, tmp_path, request)


@pytest.mark.parametrize("name", STOPPED_BY_PYTHON_TOO)
def test_what_is_left_behind_is_stopped_by_the_core_in_python(name, room, interpreter, tmp_path, request):
    """Under `recommended` it isn't done, with the core in Python."""
    must_be_possible(name)

    attempts.assert_stopped(room, name, interpreter, tmp_path, request, core="py")
