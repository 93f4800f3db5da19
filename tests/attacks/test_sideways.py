"""Sideways: programs that anybody may start and what they are given, exit functions that the library keeps, names in buffers."""

import pathlib
import shutil

import attempts
import pytest
from attempts import CALLED, IMPORTED, Attempt

# A script for the linker has it copy a file, as it is, into the program that it makes.
LINKER_SCRIPT = "TARGET(binary)\\nINPUT(%s)\\nTARGET(elf64-x86-64)\\nmain = 0;\\n"
LINK = "import subprocess\nopen(TMP + PLACE, 'w').write('" + LINKER_SCRIPT + "' % AWS)\n"
LINK += "subprocess.run(['gcc', '-Wl,-t', '-o', LOOT, WHICH], capture_output=True, env={**os.environ, 'LIBRARY_PATH': TMP})\n"
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


def by_action(source, actions, kind="0"):
    """Return an Attempt to have a program opened a file by what posix_spawn does before it starts one."""
    return Attempt(source + START.replace("ACTIONS", actions).replace("OPENING", OPENING).replace("KIND", kind), "wrote:home/.bash_login")


SIDEWAYS = {
    "script_for_the_linker": Attempt(
        LINK.replace("PLACE", "'/script'").replace("WHICH", "'-l:' + '../' * 12 + TMP[1:] + '/script'")
    ),
    "script_for_the_linker_in_its_path": Attempt(LINK.replace("PLACE", "'/libscript.so'").replace("WHICH", "'-lscript'")),
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
    "name_in_a_buffer_that_changes": Attempt(IN_A_BUFFER),
    "code_that_a_body_of_the_library_makes": Attempt(BY_THE_LIBRARY + "have_made()\n", app=IMPORTED + "import json\njson.loads('1')\n"),
    "code_that_a_body_of_the_library_makes_at_call_time": Attempt(
        BY_THE_LIBRARY + "run = have_made\n", app=CALLED + "import json\njson.loads('1')\n"
    ),
}
# On this machine, what does them is another program.
PROGRAMS = {
    "script_for_the_linker": "gcc", "script_for_the_linker_in_its_path": "gcc", "program_that_shows_what_files_begin_with": "file",
    "program_that_shows_what_files_begin_with_at_home": "file", "program_that_reads_its_answer_from_a_script": "lsb_release",
    "program_that_is_told_of_a_script_before": "lsb_release",
}  # fmt: skip
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


@pytest.mark.parametrize("name", [name for name in SIDEWAYS if name not in UNTIL])
def test_it_is_stopped_by_the_core_in_python(name, room, interpreter, tmp_path, request):
    """Under `recommended` it isn't done, with the core in Python."""
    must_be_possible(name, interpreter)

    attempts.assert_stopped(room, name, interpreter, tmp_path, request, core="py")
