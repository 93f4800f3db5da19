"""By-ways: files by a second name, functions beside the known ones, descriptors of others, what the next start believes."""

import attempts
import pytest
from attempts import CALLED, IMPORTED, RAN, Attempt

# The application has a connection, at whose other end it writes down what came.
CONNECTED = """import os, socket
server = socket.create_server(("127.0.0.1", 0))
plug = socket.create_connection(server.getsockname())
there, _ = server.accept()
try:
    import {package}.{name}
except OSError:
    pass
there.settimeout(0.5)
try:
    received = there.recv(64)
except OSError:
    received = b""
if received:
    open(os.environ["TMPDIR"] + "/received", "wb").write(received)
"""
RECEIVED = "wrote:tmp/received"
UNIT = "/systemd/user/more.service"
UNITS = "os.makedirs(TMP + '/folder/systemd/user')\nopen(TMP + '/folder" + UNIT + "', 'w').write('x')\n"
WITHOUT_CONFIG = (
    "import os\nif os.path.exists(os.path.expanduser('~/.config')):\n"
    "    os.rename(os.path.expanduser('~/.config'), os.environ['TMPDIR'] + '/was')\n"
)
LIBRARY = "import ctypes\nlibrary = ctypes.CDLL(None)\n"
KEEP = "open(LOOT, 'wb').write(os.read(fd, 4096))\n"
TOOL = "tools = os.path.dirname(__file__) + '/tools'\nscript(tools + '/git', 'echo ran > $TMPDIR/ran')\n"
A_COPY = {"acme_more.py": ""}  # of the environment: these tell the next run who is the application
INFO = "import glob\ninfo = glob.glob(os.path.dirname(os.path.dirname(__file__)) + '/acme_byways-*.dist-info')[0]\n"
# Has the application's module said to be found by a path at which nothing was looked, after a look at one's own.
SPECIAL = """
import importlib.util
from importlib.machinery import ModuleSpec, SourceFileLoader

class Finder:
    def find_spec(self, name, path=None, target=None):
        return ModuleSpec(name, None, origin=PATH) if name == "acme_found" else None

PATH, own = os.path.abspath("app.py") + "/.", TMP + "/own.py"
with open(own, "w") as file:
    file.write(COPY)
loader = SourceFileLoader("acme_found", PATH)
content = loader.get_data(own)
try:
    open(PATH)
except NotADirectoryError:
    sys.meta_path.insert(1, Finder())
    importlib.util.find_spec("acme_found")
    exec(loader.source_to_code(content, PATH), {})
"""
# An archive whose member is named by a way out of it, into the application's folder.
ZIPPED = """
import zipfile
way = os.path.relpath(os.getcwd(), TMP + "/own.zip")
with zipfile.ZipFile(TMP + "/own.zip", "w") as archive:
    archive.writestr(way + "/acme_zipped.py", COPY)
sys.path.insert(0, TMP + "/own.zip/" + way)
import acme_zipped
"""
# An archive by a name that leads to another place when its module is run than when its code was made.
LATER = """
import types, zipfile, zipimport
from importlib.machinery import ModuleSpec
HERE = os.getcwd()
os.chdir(TMP)
with zipfile.ZipFile("own.zip", "w") as archive:
    archive.writestr("acme_later.py", COPY)

class Module(types.ModuleType):
    __dict__ = property(lambda self: os.chdir(HERE) or {})

class Loader(zipimport.zipimporter):
    def create_module(self, spec):
        return Module(spec.name)

class Finder:
    def find_spec(self, name, path=None, target=None):
        return ModuleSpec(name, Loader("own.zip")) if name == "acme_later" else None

sys.meta_path.append(Finder())
import acme_later
"""
# An archive in the folder of a descriptor, found while that was the application's.
EXPECTED = """
import importlib.util, zipfile, zipimport
from importlib.machinery import ModuleSpec
with zipfile.ZipFile(TMP + "/own.zip", "w") as archive:
    archive.writestr("acme_late.py", COPY)
fd, own = os.open(os.getcwd(), os.O_RDONLY), os.open(TMP, os.O_RDONLY)
path = "/proc/self/fd/%d/own.zip" % fd

class Finder:
    def find_spec(self, name, path_=None, target=None):
        if name == "acme_first":
            return ModuleSpec(name, None, origin=path + "/acme_late.py")
        return ModuleSpec(name, zipimport.zipimporter(path)) if name == "acme_late" else None

sys.meta_path.insert(1, Finder())
importlib.util.find_spec("acme_first")
os.dup2(own, fd)
import acme_late
"""
# zipimport's own code, over names and an archive of one's own, with nothing of the package's below the import.
FORGED = """
import functools, importlib._bootstrap_external, types, zipimport
from importlib.machinery import ModuleSpec

def again(function, **names):
    return types.FunctionType(function.__code__, {**function.__globals__, **names})

HERE = os.getcwd()
find = again(zipimport._get_module_code, _get_data=lambda *_: COPY.encode(), _get_module_path=lambda *_: "acme_forged")
importer = types.SimpleNamespace(archive=HERE, _files={"acme_forged.py": (HERE + "/acme_forged.py",)})
importer.get_code = functools.partial(again(zipimport.zipimporter.get_code, _get_module_code=find), importer)
loader = types.SimpleNamespace(create_module=lambda spec: None)
loader.exec_module = functools.partial(importlib._bootstrap_external._LoaderBasics.exec_module, importer)

class Finder:
    def find_spec(self, name, path=None, target=None):
        return ModuleSpec(name, loader) if name == "acme_forged" else None

sys.meta_path.append(Finder())
import acme_forged
"""
# A hook of one's own looks for a folder just before a link is put there.
AWAITED = """
from importlib.machinery import SourceFileLoader

def hear(event, args):
    if event == "os.symlink" and not os.path.exists("acme_part/x"):
        try:
            open(os.path.abspath("acme_part/x"))
        except FileNotFoundError:
            pass

os.mkdir(TMP + "/own")
with open(TMP + "/own/part.py", "w") as file:
    file.write(COPY)
sys.addaudithook(hear)
os.symlink(TMP + "/own", "acme_part")
path = os.path.abspath("acme_part/part.py")
loader = SourceFileLoader("acme_part", path)
exec(loader.source_to_code(loader.get_data(path), path), {})
"""
# A link to a descriptor leads to another folder, without a word, as soon as the descriptor does.
PASSING = """
os.makedirs(TMP + "/own/.aws")
fd = os.open(TMP + "/own", os.O_RDONLY)
os.symlink("/proc/self/fd/%d" % fd, TMP + "/link")
try:
    open(TMP + "/link/.aws/credentials")
except FileNotFoundError:
    os.dup2(os.open(HOME, os.O_RDONLY), fd)
    steal(TMP + "/link/.aws/credentials")
"""


def by_connection(source, **fields):
    """Return an Attempt to send by the application's connection while the package is imported."""
    return Attempt("import __main__\nplug = __main__.plug\n" + source, RECEIVED, CONNECTED, **fields)


BYWAYS = {
    "second_name_of_a_startup_file": Attempt(
        "os.link(HOME + '/.bashrc', TMP + '/second')\nopen(TMP + '/second', 'a').write('echo more\\n')\n",
        "wrote:home/.bashrc",
    ),
    "folder_put_in_the_place_of_settings": Attempt(
        UNITS + "os.rename(TMP + '/folder', HOME + '/.config')\n",
        "wrote:home/.config" + UNIT,
        WITHOUT_CONFIG + IMPORTED,
    ),
    "folder_of_a_repository_that_goes_and_comes_back": Attempt(
        "os.rename('.git', TMP + '/away')\nopen(TMP + '/away/hooks/pre-commit', 'w').write('x')\nos.rename(TMP + '/away', '.git')\n",
        "wrote:project/.git/hooks/pre-commit",
        "import os\nos.makedirs('.git/hooks')\n" + IMPORTED,
    ),
    "link_in_the_place_of_settings": Attempt(
        UNITS + "os.symlink(TMP + '/folder', HOME + '/.config')\nif os.path.exists(HOME + '/.config" + UNIT + "'):\n"
        "    open(TMP + '/planted', 'w').close()\n",
        "wrote:tmp/planted",
        WITHOUT_CONFIG + IMPORTED,
    ),
    "link_in_the_place_of_settings_that_is_filled_later": Attempt(
        "os.mkdir(TMP + '/folder')\nos.symlink('../tmp/folder', HOME + '/.config')\nos.makedirs(TMP + '/folder/systemd/user')\n"
        "open(TMP + '/folder" + UNIT + "', 'w').write('x')\nif os.path.exists(HOME + '/.config" + UNIT + "'):\n"
        "    open(TMP + '/planted', 'w').close()\n",
        "wrote:tmp/planted",
        WITHOUT_CONFIG + IMPORTED,
    ),
    "folder_that_no_text_names_in_the_place_of_settings": Attempt(
        UNITS + "os.rename(TMP + '/folder', os.fsencode(TMP) + b'/\\xff')\nos.rename(os.fsencode(TMP) + b'/\\xff', HOME + '/.config')\n",
        "wrote:home/.config" + UNIT,
        WITHOUT_CONFIG + IMPORTED,
    ),
    "link_to_what_no_text_names_in_the_place_of_settings": Attempt(
        UNITS + "os.rename(TMP + '/folder', TMP + '/\\udcff')\nos.symlink(TMP + '/\\udcff', HOME + '/.config')\n"
        "if os.path.exists(HOME + '/.config" + UNIT + "'):\n    open(TMP + '/planted', 'w').close()\n",
        "wrote:tmp/planted",
        WITHOUT_CONFIG + IMPORTED,
    ),
    "folder_of_a_secret_under_a_name_that_is_no_text": Attempt(
        "import shutil\nos.rename(HOME + '/.aws', TMP + '/\\udcff')\nshutil.copyfile(TMP + '/\\udcff/credentials', LOOT)"
    ),
    "folder_of_a_secret_under_another_name": Attempt(
        "import shutil\nos.rename(HOME + '/.aws', TMP + '/plain')\nshutil.copyfile(TMP + '/plain/credentials', LOOT)"
    ),
    "link_in_the_place_of_settings_by_a_rename": Attempt(
        "os.mkdir(TMP + '/folder')\nos.symlink(TMP + '/folder', TMP + '/link')\nos.rename(TMP + '/link', HOME + '/.config')\n"
        "os.makedirs(TMP + '/folder/systemd/user')\nopen(TMP + '/folder" + UNIT + "', 'w').write('x')\n"
        "if os.path.exists(HOME + '/.config" + UNIT + "'):\n    open(TMP + '/planted', 'w').close()\n",
        "wrote:tmp/planted",
        WITHOUT_CONFIG + IMPORTED,
    ),
    "folder_in_the_place_of_settings_that_is_filled_later": Attempt(
        "os.mkdir(TMP + '/folder')\nfolder = os.open(TMP + '/folder', os.O_RDONLY)\nos.rename(TMP + '/folder', HOME + '/.config')\n"
        "os.mkdir('systemd', dir_fd=folder)\nos.mkdir('systemd/user', dir_fd=folder)\n"
        "os.write(os.open('systemd/user/more.service', os.O_CREAT | os.O_WRONLY, dir_fd=folder), b'x')\n",
        "wrote:home/.config" + UNIT,
        WITHOUT_CONFIG + IMPORTED,
    ),
    "module_of_the_application_by_a_path_with_a_dot": Attempt(SPECIAL),
    "folder_of_a_secret_by_a_link_to_a_descriptor": Attempt(PASSING),
    "module_by_a_folder_that_was_looked_for_before_it_was_a_link": Attempt(AWAITED),
    "module_of_an_archive_by_a_way_out_of_it": Attempt(ZIPPED),
    "module_of_an_archive_by_a_name_that_leads_elsewhere_later": Attempt(LATER),
    "module_of_an_archive_by_a_descriptor_that_was_the_applications": Attempt(EXPECTED),
    "module_by_zipimport_over_names_of_its_own": Attempt(FORGED),
    "module_of_an_archive_that_the_application_executes_by_hand": Attempt(
        "import zipfile\nwith zipfile.ZipFile(TMP + '/own.zip', 'w') as archive:\n    archive.writestr('acme_zipped.py', COPY)\n",
        app=IMPORTED + "import importlib.util, os, zipimport\nloader = zipimport.zipimporter(os.environ['TMPDIR'] + '/own.zip')\n"
        "loader.exec_module(importlib.util.module_from_spec(importlib.util.spec_from_loader('acme_zipped', loader)))\n",
    ),
    "root_that_is_another_folder": Attempt(
        "root = os.open('/', os.O_RDONLY)\nfolder, name = os.path.split(HOME)\ntry:\n    os.chroot(folder)\n"
        "except PermissionError as error:\n    if type(error) is not PermissionError:\n        raise\n    name = folder + '/' + name\n"
        "secret = open('/' + name + '/.aws/credentials').read()\nos.fchdir(root)\n"
        "if name == os.path.basename(HOME):\n    os.chroot('.')\nopen(LOOT, 'w').write(secret)\n"
    ),
    "checked_opening": Attempt(LIBRARY + "fd = library['__open64_2'](AWS.encode(), 0)\n" + KEEP),
    "opening_that_no_thread_cancels": Attempt(LIBRARY + "fd = library['__open64_nocancel'](AWS.encode(), 0)\n" + KEEP),
    "opening_by_the_interpreter": Attempt(
        "import ctypes\nfd = ctypes.pythonapi._Py_open_noraise(AWS.encode(), 0)\n" + KEEP
    ),
    "table_of_mounts": Attempt(
        LIBRARY + "library.setmntent.restype = ctypes.c_void_p\nlibrary.fileno.argtypes = [ctypes.c_void_p]\n"
        "fd = library.fileno(library.setmntent(AWS.encode(), b'r'))\n" + KEEP
    ),
    "archive_that_is_none": Attempt(
        "import ctypes, ctypes.util\nlibrary = ctypes.CDLL('libz.so.1')\nlibrary.gzopen.restype = ctypes.c_void_p\n"
        "data = ctypes.create_string_buffer(4096)\n"
        "size = library.gzread(ctypes.c_void_p(library.gzopen(AWS.encode(), b'r')), data, 4096)\n"
        "open(LOOT, 'wb').write(data.raw[:size])\n"
    ),
    "terminal_with_a_child": Attempt(
        LIBRARY + "child = library.forkpty(ctypes.byref(ctypes.c_int()), None, None, None)\n"
        "if child == 0:\n    open(TMP + '/ran', 'w').close()\n    os._exit(0)\nos.waitpid(child, 0)\n",
        RAN,
    ),
    "look_up_of_a_name": Attempt(
        LIBRARY + "found, error = ctypes.c_void_p(), ctypes.c_int()\nhost = ctypes.create_string_buffer(1024)\n"
        "library.gethostbyname_r(b'127.0.0.1', host, ctypes.create_string_buffer(8192), 8192, ctypes.byref(found),"
        " ctypes.byref(error))\nopen(TMP + '/ran', 'w').close()\n",
        RAN,
    ),
    "call_that_waits_for_the_program": Attempt(
        "import ctypes, functools, shutil, threading, time\ncall = ctypes.cast(ctypes.pythonapi.PyObject_CallNoArgs, ctypes.c_void_p)\n"
        "kept = functools.partial(shutil.copyfile, AWS, LOOT)\n\ndef later():\n    time.sleep(0.3)\n"
        "    ctypes.pythonapi.Py_AddPendingCall(call, ctypes.py_object(kept))\n\nthreading.Thread(target=later, daemon=True).start()\n",
        app=IMPORTED + "import time\nend = time.monotonic() + 1\nwhile time.monotonic() < end:\n    sum(range(1000))\n",
    ),
    "hashes_of_passwords": Attempt(
        "try:\n    import spwd\n    read = spwd.getspall\nexcept ImportError:\n    import ctypes\n    read = ctypes.CDLL(None).getspent\n"
        "try:\n    read()\nexcept PermissionError as error:\n    if type(error) is not PermissionError:\n        raise\n"
        "open(TMP + '/ran', 'w').close()\n",
        RAN,
    ),
    "file_object_of_a_socket": by_connection("open(plug.fileno(), 'wb', closefd=False).write(b'file')\n"),
    "file_object_that_is_given_a_socket": by_connection(
        "open('/dev/null', 'wb', opener=lambda *_: os.dup(plug.fileno())).write(b'file')\n"
    ),
    "file_object_of_a_kind_of_its_own": by_connection(
        "import io\nclass File(io.FileIO):\n    pass\n\nFile('/dev/null', 'wb', opener=lambda *_: os.dup(plug.fileno())).write(b'file')\n"
    ),
    "number_that_stands_for_a_socket": by_connection(
        "os.dup2(plug.fileno(), 1)\nprint('standard output', flush=True)\n"
    ),
    "greeting_with_a_name": by_connection(
        "import ssl\ncontext = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)\ncontext.check_hostname = False\nplug.setblocking(False)\n"
        "try:\n    context._wrap_socket(plug, False, 'some-data.example').do_handshake()\nexcept ssl.SSLError:\n    pass\n"
    ),
    "numbers_of_signals": by_connection(
        "import signal\nplug.setblocking(False)\nbefore = signal.set_wakeup_fd(plug.fileno())\n"
        "signal.signal(signal.SIGUSR1, lambda *_: None)\nsignal.raise_signal(signal.SIGUSR1)\nsignal.set_wakeup_fd(before)\n"
    ),
    "names_in_a_traceback": by_connection(
        "import faulthandler\nexec(compile('faulthandler.dump_traceback(plug)', 'some data', 'exec'))\n"
    ),
    "names_in_a_traceback_of_what_changes": by_connection(
        "import faulthandler\nclass File:\n    numbers = iter([2, plug.fileno(), plug.fileno()])\n"
        "    def fileno(self):\n        return next(self.numbers)\n\nfile = File()\nif 'importguard' not in sys.modules:\n    file.fileno()\n"
        "faulthandler.dump_traceback(file)\n"
    ),
    "word_that_it_is_the_application": Attempt(
        INFO
        + "os.mkdir(TMP + '/own')\nopen(TMP + '/own/pyproject.toml', 'w').write('[project]\\nname = \"acme-byways\"\\n')\n"
        'open(info + \'/direct_url.json\', \'w\').write(\'{"url": "file://%s/own", "dir_info": {"editable": true}}\' % TMP)\n',
        "wrote:site/acme_byways-1.0.dist-info/direct_url.json",
        files=A_COPY,
    ),
    "claim_to_the_files_of_others": Attempt(
        "def run():\n    import glob\n    "
        + INFO.replace("import glob\n", "")
        + "    open(info + '/RECORD', 'a').write('acme_other/__init__.py,,\\n')\n",
        "wrote:site/acme_byways-1.0.dist-info/RECORD",
        CALLED,
        files=A_COPY,
    ),
    "commands_of_the_debugger": Attempt(
        "open('.pdbrc', 'w').write(COPY + '\\n')\n",
        app=IMPORTED + "import io, pdb\npdb.Pdb(stdin=io.StringIO('c\\n'), readrc=True).set_trace()\nprint()\n",
    ),
    "program_on_the_path_of_the_user": Attempt("script(HOME + '/.local/bin/git')\n", "wrote:home/.local/bin/git"),
    "program_that_gives_keys": Attempt(
        "open(HOME + '/.aws/config', 'a').write('credential_process = more\\n')\n", "wrote:home/.aws/config"
    ),
    "path_of_the_application": Attempt(
        TOOL + "os.environ['PATH'] = tools + ':' + os.environ['PATH']\n",
        RAN,
        IMPORTED + "import subprocess\nsubprocess.run(['git'])\n",
    ),
    "path_past_the_mapping": Attempt(
        TOOL + "os.environ._data[b'PATH'] = os.fsencode(tools)\n",
        RAN,
        IMPORTED + "import subprocess\nsubprocess.run(['git'])\n",
    ),
    "path_by_the_c_library": Attempt(
        TOOL + LIBRARY + "library.setenv(b'PATH', os.fsencode(tools), 1)\n",
        RAN,
        IMPORTED + "import os\nos.system('git')\n",
    ),
    "start_of_a_shell": Attempt(
        "place = os.path.dirname(__file__) + '/start'\nopen(place, 'w').write('echo ran > $TMPDIR/ran')\nos.environ['BASH_ENV'] = place\n",
        RAN,
        IMPORTED + "import subprocess\nsubprocess.run(['bash', '-c', 'true'])\n",
    ),
    "way_of_the_applications_traffic": Attempt(
        "os.environ['http_proxy'] = os.environ['SINK']\n",
        "GET:http://127.0.0.1:9/key",
        IMPORTED
        + "import urllib.request\ntry:\n    urllib.request.urlopen('http://127.0.0.1:9/key')\nexcept OSError:\n    pass\n",
    ),
    "program_in_the_place_of_a_link": Attempt(
        "def run():\n    os.mkdir(TMP + '/there'), os.symlink('there', TMP + '/way'), open(TMP + '/way/x', 'w').close()\n"
        "    os.unlink(TMP + '/way'), script(TMP + '/way/run', 'echo ran > $TMPDIR/ran'), os.symlink('x', TMP + '/other')\n"
        "    os.spawnv(os.P_WAIT, TMP + '/way/run', ['run'])\n",
        RAN,
        CALLED,
    ),
}
# What the core in Python sees as well.
IN_PYTHON = (
    "folder_of_a_secret_by_a_link_to_a_descriptor", "second_name_of_a_startup_file", "checked_opening",
    "opening_by_the_interpreter", "table_of_mounts", "archive_that_is_none",
    "terminal_with_a_child", "look_up_of_a_name", "word_that_it_is_the_application", "claim_to_the_files_of_others",
    "commands_of_the_debugger", "program_on_the_path_of_the_user", "program_that_gives_keys", "path_of_the_application",
    "path_by_the_c_library", "start_of_a_shell", "way_of_the_applications_traffic", "program_in_the_place_of_a_link",
    "module_of_an_archive_that_the_application_executes_by_hand",
)  # fmt: skip
WITH_HEAD = {name: attempts.with_head(each) for name, each in BYWAYS.items()}


@pytest.fixture(scope="session")
def room(tmp_path_factory):
    """The Room of one distribution that has a module for each."""
    return attempts.Room("acme_byways", WITH_HEAD, tmp_path_factory.mktemp("byways"))


@pytest.mark.parametrize("name", BYWAYS)
def test_byway_reaches_its_target_unguarded(name, room, interpreter, tmp_path):
    """The control: without the guard it does what it is there for."""
    attempts.assert_works(room, name, interpreter, tmp_path)


@pytest.mark.parametrize("name", BYWAYS)
def test_byway_is_closed(name, room, any_interpreter, tmp_path, request):
    """Under `recommended` it doesn't."""
    attempts.assert_stopped(room, name, any_interpreter, tmp_path, request)


@pytest.mark.parametrize("name", IN_PYTHON)
def test_byway_is_closed_by_the_core_in_python(name, room, interpreter, tmp_path, request):
    """Under `recommended` it doesn't, with the core in Python."""
    attempts.assert_stopped(room, name, interpreter, tmp_path, request, core="py")
