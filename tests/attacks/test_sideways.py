"""Sideways: programs that anybody may start and what they are given, exit functions that the library keeps, names in buffers."""

import pathlib
import shutil

import attempts
import pytest
from attempts import CALLED, EVERYWHERE, IMPORTED, Attempt
from test_byways import by_connection

# A script for the linker has it copy a file, as it is, into the program that it makes.
LINKER_SCRIPT = "TARGET(binary)\\nINPUT(%s)\\nTARGET(elf64-x86-64)\\nmain = 0;\\n"
LINK = "import subprocess\nopen(TMP + PLACE, 'w').write('" + LINKER_SCRIPT + "' % AWS)\n"
LINK += "subprocess.run(['gcc', '-Wl,-t', '-o', LOOT, WHICH], capture_output=True, env={**os.environ, 'LIBRARY_PATH': TMP})\n"
# Shows the words of a file, one by one, as names of what it can't find.
SHOWN = "import subprocess\nopen(TMP + '/libshown.so', 'w').write('SECTIONS { .text : { INCLUDE %s\\n } }' % (os.getcwd() + '/.env'))\n"
SHOWN += "done = subprocess.run(['ld', '-t', FOLDER '-o', '/dev/null', WHICH], capture_output=True)\nopen(LOOT, 'wb').write(done.stderr)\n"
# What a file begins with anywhere, line by line.
MAGIC = "text = '0 string x %s\\n' + ''.join('>%d string x %%s\\n' % at for at in range(1, 200))\nopen(TMP + '/.magic', 'w').write(text)\n"
LOOK = "import subprocess\n" + MAGIC + "done = subprocess.run(['file', '-b', AWS], env={**os.environ, NAME: TMP + PLACE}, capture_output=True)\n"
LOOK += "open(LOOT, 'wb').write(done.stdout)\n"
RELEASE = "import subprocess\nopen(TMP + '/release', 'w').write('cp ~/.aws/credentials $TMPDIR/loot\\n')\n"
FINALIZE = "multiprocessing.util.Finalize(None, shutil.copyfile, %s, exitpriority=1)\n"
IN_A_BUFFER = """
import warnings
warnings.simplefilter("ignore")
name = bytearray(AWS.encode())
class Flags:
    def __index__(self):
        name[:] = b"/etc/hostname"
        return 0

descriptor = os.open(name, Flags())
open(LOOT, "wb").write(os.read(descriptor, 4096))
"""
# A body of the library calls what it takes for `object`, in a module that is executed once more.
BY_THE_LIBRARY = """
import builtins, functools, json, sched, shutil
text = f"def later(*_):\\n    shutil.copyfile({AWS!r}, {LOOT!r})\\n"

def have_made():
    space, real = {"shutil": shutil, "__builtins__": dict(builtins.__dict__)}, object
    del sys.modules["sched"]
    builtins.object = functools.partial(exec, text, space)
    import sched
    builtins.object = real
    json.loads = space["later"]

"""
# Has a program write what it says into a file that somebody executes.
START = "os.posix_spawn('/usr/bin/uname', ['uname', '-p'], os.environ, file_actions=ACTIONS)\nos.wait()\n"
OPENING = "(KIND, 1, HOME + '/.bash_login', os.O_WRONLY | os.O_CREAT, 0o600)"

# A standard library of the package's own, whose `encodings` do the deed before there is a guard.
LIBRARY = """
import shutil
version, real = "python%d.%d" % sys.version_info[:2], os.path.dirname(os.__file__)
os.makedirs(TMP + "/lib/" + version)
for name in os.listdir(real):
    os.symlink(f"{real}/{name}", f"{TMP}/lib/{version}/{name}")
os.unlink(TMP + f"/lib/{version}/encodings")
shutil.copytree(real + "/encodings", TMP + f"/lib/{version}/encodings")
with open(TMP + f"/lib/{version}/encodings/__init__.py", "a") as file:
    file.write(f"import posix; posix.write(posix.open({LOOT!r}, 65, 384), posix.read(posix.open({AWS!r}, 0), 4096))")
os.environ["PYTHONPLATLIBDIR"] = os.path.relpath(TMP + "/lib", sys.base_prefix)
"""
REPOSITORY = """
script(TMP + "/tool")
for name in ("objects", "refs"):
    os.makedirs(TMP + "/own/" + name)
for name, text in (("HEAD", "ref: refs/heads/main\\n"), ("config", "[core]\\nrepositoryformatversion = 0\\nfsmonitor = " + TMP + "/tool\\n")):
    open(TMP + "/own/" + name, "w").write(text)
os.environ["GIT_DIR"] = TMP + "/own"
"""


def steering(source, *command):
    """Return an Attempt to have a program do the deed that the application starts next."""
    return Attempt(source, app=IMPORTED + f"import subprocess, sys\nsubprocess.run([{', '.join(command)}], capture_output=True)\n")


def by_action(source, actions, kind="0"):
    """Return an Attempt to have a program opened a file by what posix_spawn does before it starts one."""
    return Attempt(source + START.replace("ACTIONS", actions).replace("OPENING", OPENING).replace("KIND", kind), "wrote:home/.bash_login")



def by_freed_number(source, **fields):
    """Return an Attempt to have the application's connection get the number of standard output, which is written to then."""
    return by_connection("before = os.dup(1)\nos.close(1)\n" + source + "print('some data', flush=True)\nos.dup2(before, 1)\n", **fields)


SIDEWAYS = {
    "script_for_the_linker": Attempt(
        LINK.replace("PLACE", "'/script'").replace("WHICH", "'-l:' + '../' * 12 + TMP[1:] + '/script'")
    ),
    "script_for_the_linker_in_its_path": Attempt(LINK.replace("PLACE", "'/libscript.so'").replace("WHICH", "'-lscript'")),
    "linker_that_shows_a_file": Attempt(SHOWN.replace("FOLDER", "'-L', TMP,").replace("WHICH", "'-lshown'"), "kept:dotenv0"),
    "linker_that_shows_a_file_by_a_way_out_of_its_folders": Attempt(
        SHOWN.replace("FOLDER", "").replace("WHICH", "'-l:' + '../' * 12 + TMP[1:] + '/libshown.so'"), "kept:dotenv0"
    ),
    "program_that_shows_what_files_begin_with": Attempt(LOOK.replace("NAME", "'MAGIC'").replace("PLACE", "'/.magic'")),
    "program_that_shows_what_files_begin_with_at_home": Attempt(LOOK.replace("NAME", "'HOME'").replace("PLACE", "''")),
    "program_that_reads_its_answer_from_a_script": Attempt(
        RELEASE + "subprocess.run(['lsb_release', '-a'], env={**os.environ, 'LSB_OS_RELEASE': TMP + '/release'})\n"
    ),
    "program_that_is_told_of_a_script_before": Attempt(
        RELEASE + "os.environ['LSB_OS_RELEASE'] = TMP + '/release'\nsubprocess.run(['lsb_release', '-a'])\n"
    ),
    "end_of_threading": Attempt("import shutil, threading\nthreading._register_atexit(shutil.copyfile, AWS, LOOT)\n"),
    "end_of_threading_at_call_time": Attempt(
        "import shutil, threading\n\ndef run():\n    threading._register_atexit(shutil.copyfile, AWS, LOOT)\n", app=CALLED
    ),
    "end_of_processes": Attempt(
        "import multiprocessing.util, shutil\n" + FINALIZE % "(AWS, LOOT)", app="import multiprocessing.util\n" + IMPORTED
    ),
    "end_of_processes_at_call_time": Attempt(
        "import multiprocessing.util, shutil\n\ndef run():\n    "
        + FINALIZE.replace("shutil.copyfile", "callback=shutil.copyfile") % "args=(AWS, LOOT)",
        app="import multiprocessing.util\n" + CALLED,
    ),
    "action_of_a_kind_that_is_equal_to_none": by_action(
        "class Kind(int):\n    __hash__, __eq__, __ne__ = int.__hash__, lambda *_: False, lambda *_: True\n", "[OPENING]", "Kind(0)"
    ),
    "actions_that_say_they_are_none": by_action("class Actions(list):\n    __bool__ = lambda self: False\n", "Actions([OPENING])"),
    "actions_that_say_how_many_they_are": by_action(
        "class Actions:\n    __len__, __iter__ = lambda self: 0, lambda self: iter([OPENING])\n".replace("OPENING", OPENING.replace("KIND", "0")),
        "Actions()",
    ),
    "library_of_a_child": steering(LIBRARY, "sys.executable", "'-c', ''"),
    "settings_of_a_repository": steering(REPOSITORY, "'git', 'status'"),
    "hooks_of_new_repositories": Attempt(
        "script(TMP + '/own/hooks/post-checkout')\nos.environ['GIT_TEMPLATE_DIR'] = TMP + '/own'\n",
        app="import subprocess\nME = ['-c', 'user.email=me@here', '-c', 'user.name=me']\nsubprocess.run(['git', 'init', '-q', 'one'])\n"
        "subprocess.run(['git', *ME, 'commit', '-q', '--allow-empty', '-m', 'x'], cwd='one')\n"
        + IMPORTED
        + "subprocess.run(['git', 'clone', '-q', 'one', 'two'])\n",
    ),
    "options_of_an_archiver": steering(
        "os.environ['TAR_OPTIONS'] = f'--checkpoint=1 --checkpoint-action=exec=\"cp {AWS} {LOOT}\"'\n", "'tar', 'cf', '/dev/null', 'app.py'"
    ),
    "files_of_a_build": steering(
        "open(TMP + '/own', 'w').write(f'$(shell cp {AWS} {LOOT})')\nos.environ['MAKEFILES'] = TMP + '/own'\n", "'make'"
    ),
    "modules_of_another_language": steering(
        "open(TMP + '/strict.pm', 'w').write(f'package strict; system(\"cp {AWS} {LOOT}\"); sub import {{}} 1;')\n"
        "os.environ['PERL5LIB'] = TMP\n",
        "'perl', '-Mstrict', '-e', '1'",
    ),
    "settings_at_another_home": Attempt(
        "script(TMP + '/tool', f'cp {AWS} {LOOT}')\nopen(TMP + '/.gitconfig', 'w').write(f'[core]\\nfsmonitor = {TMP}/tool\\n')\nos.environ['HOME'] = TMP\n",
        app="import subprocess\nsubprocess.run(['git', 'init', '-q'])\n" + IMPORTED + "subprocess.run(['git', 'status'], capture_output=True)\n",
        open_on=EVERYWHERE,
        section="what-steers-programs-at-call-time",
    ),
    "number_of_an_event": by_connection("os.eventfd_write(plug.fileno(), int.from_bytes(b'some data'[:8], 'little'))\n"),
    "number_that_was_free": by_freed_number("os.dup(plug.fileno())\n"),
    "number_that_was_free_by_the_kernels_name": by_freed_number("import fcntl\nfcntl.fcntl(plug, fcntl.F_DUPFD, 0)\n"),
    "number_that_was_free_for_a_socket": by_freed_number("import socket\ncopy = socket.dup(plug.fileno())\n"),
    "number_that_was_sent": by_connection(
        "import socket\none, two = socket.socketpair()\nsocket.send_fds(one, [b'x'], [plug.fileno()])\nbefore = os.dup(1)\nos.close(1)\n"
        "socket.recv_fds(two, 1, 1)\nprint('some data', flush=True)\nos.dup2(before, 1)\n",
        open_on=EVERYWHERE,
        section="operations-that-raise-no-audit-event",
    ),
    "complaint_of_a_program": by_connection(
        "import subprocess\nsubprocess.run(['gcc', '-Wl,-t', '-o', TMP + '/x', '-lsomedata'], stderr=plug)\n",
        open_on=EVERYWHERE,
        section="operations-that-raise-no-audit-event",
    ),
    "name_in_a_buffer_that_changes": Attempt(IN_A_BUFFER),
    "code_that_a_body_of_the_library_makes": Attempt(BY_THE_LIBRARY + "have_made()\n", app=IMPORTED + "import json\njson.loads('1')\n"),
    "code_that_a_body_of_the_library_makes_at_call_time": Attempt(
        BY_THE_LIBRARY + "run = have_made\n", app=CALLED + "import json\njson.loads('1')\n"
    ),
}
# On this machine, what does them is another program.
PROGRAMS = {
    "linker_that_shows_a_file": "ld", "linker_that_shows_a_file_by_a_way_out_of_its_folders": "ld", "script_for_the_linker": "gcc", "script_for_the_linker_in_its_path": "gcc", "program_that_shows_what_files_begin_with": "file",
    "program_that_shows_what_files_begin_with_at_home": "file", "program_that_reads_its_answer_from_a_script": "lsb_release",
    "program_that_is_told_of_a_script_before": "lsb_release", "settings_of_a_repository": "git", "settings_at_another_home": "git",
    "hooks_of_new_repositories": "git", "options_of_an_archiver": "tar", "files_of_a_build": "make",
    "complaint_of_a_program": "gcc",
    "modules_of_another_language": "perl",
}  # fmt: skip
OF_SOCKETS = ("number_", "complaint_")  # which the core in Python knows nothing of
UNTIL = {"name_in_a_buffer_that_changes": "3.11"}  # later versions take no name from there
WITH_HEAD = {name: attempts.with_head(each) for name, each in SIDEWAYS.items()}


def must_be_possible(name, interpreter):
    """Skip where the program isn't there, isn't the one that takes a script, or the interpreter takes no such name."""
    program = PROGRAMS.get(name)
    path = shutil.which(program) if program else None
    if program and (not path or (program == "lsb_release" and b"LSB_OS_RELEASE" not in pathlib.Path(path).read_bytes())):
        pytest.skip(f"needs a {program} that can be had to do it")
    if interpreter.version > UNTIL.get(name, interpreter.version):
        pytest.skip("needs an interpreter that takes names from buffers")


@pytest.fixture(scope="session")
def room(tmp_path_factory):
    """The Room of one distribution that has a module for each."""
    return attempts.Room("acme_sideways", WITH_HEAD, tmp_path_factory.mktemp("sideways"))


@pytest.mark.parametrize("name", SIDEWAYS)
def test_it_reaches_its_target_unguarded(name, room, interpreter, tmp_path):
    """The control: without the guard it does what it is there for."""
    must_be_possible(name, interpreter)

    attempts.assert_works(room, name, interpreter, tmp_path)


@pytest.mark.parametrize("name", SIDEWAYS)
def test_it_is_stopped(name, room, any_interpreter, tmp_path, request):
    """Under `recommended` it isn't done."""
    must_be_possible(name, any_interpreter)

    attempts.assert_stopped(room, name, any_interpreter, tmp_path, request)


@pytest.mark.parametrize("name", [name for name in SIDEWAYS if name not in UNTIL and not name.startswith(OF_SOCKETS)])
def test_it_is_stopped_by_the_core_in_python(name, room, interpreter, tmp_path, request):
    """Under `recommended` it isn't done, with the core in Python."""
    must_be_possible(name, interpreter)

    attempts.assert_stopped(room, name, interpreter, tmp_path, request, core="py")
