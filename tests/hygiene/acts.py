"""What is done again and again in a process that is armed by hand: asked for, refused, learnt, carried, proven."""

import _thread
import atexit
import codecs
import ctypes
import faulthandler
import os
import posix
import py_compile
import signal
import socket
import sqlite3
import ssl
import sys
import tempfile
import time
import weakref

ROOM = tempfile.mkdtemp()
SOURCES = {
    "hygiene_source": "def f():\n    return lambda: 'à'\n",
    "hygiene_cached": "class A:\n    def f(self):\n        return 1\n",
    "hygiene_patching": "import base64\nbase64.b64decode = base64.b64encode\n",
    "hygiene_broken": "import os\nopen('/root/.ssh/id_ed25519')\n",
}
SECRET, MISSING, ARGV = "/root/.ssh/id_ed25519", "/tmp/missing/é", ("ls", "-l")
SETTINGS = "/home/ada/.config"
# Code that belongs to nobody, and is refused what packages are refused.
nobodys = {}
exec(compile("def refused(act, *args, **options):\n    return act(*args, **options)\n", "/nowhere/at/all.py", "exec"), nobodys)
refused = nobodys["refused"]


def prepare():
    """Make the files that are read again and again, and a connection; what is cached has been cached since the command began."""
    for name, text in SOURCES.items():
        path = f"{ROOM}/{name}.py"
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        if name == "hygiene_cached":
            py_compile.compile(path)
    for folder in ("été", os.fsdecode(b"\xff")):
        os.makedirs(f"{ROOM}/{folder}/systemd/user")
        open(f"{ROOM}/{folder}/systemd/user/x.service", "w").close()
    sys.path.append(ROOM)
    server = socket.create_server(("127.0.0.1", 0))
    return socket.create_connection(server.getsockname()), server


def everything(services, link):
    """Yield the acts one kind after the other; what makes some of them may be refused as well."""
    for makes in (lambda: of_services(services), of_anybody, lambda: of_connections(link), of_variables, of_libraries, of_later):
        try:
            yield makes()
        except Exception:
            continue


class Thing:
    """Something that can be referred to weakly."""


def start_thread():
    lock = _thread.allocate_lock()
    lock.acquire()
    _thread.start_new_thread(lock.release, ())
    lock.acquire()
    time.sleep(0)


def handle_signal():
    signal.signal(signal.SIGUSR1, refused)
    signal.getsignal(signal.SIGUSR1)


def search_codec():
    search = refused.__get__(abs).__call__
    refused(codecs.register, search)
    codecs.unregister(search)


def handle_mistake():
    refused(codecs.register_error, "hygiene", refused.__get__(abs).__call__)
    codecs.lookup_error("hygiene")


def again(name):
    """Import a module that isn't there."""
    sys.modules.pop(name, None)
    refused(__import__, name)


class Turn:
    """Eight paths in turn: what is learnt of them is kept once."""

    def __init__(self):
        self.number = 0

    def __call__(self):
        self.number = (self.number + 1) % 8
        refused(open, f"/dev/null/é{self.number}")


def of_services(services):
    """Return {name: (act, objects that it is done with)} for what the core does for the guard's own Python."""
    finder, frame = services["finder"], sys._getframe()
    return {
        "ask": (lambda: services["ask"]("fs.read", SECRET, None), SECRET),
        "ask to spawn": (lambda: (services["ask"]("proc.spawn", "/bin/ls", ARGV), services["spawned"]()), ARGV),
        "ask what is no capability": (lambda: services["ask"]("fs.look", SECRET, None), SECRET),
        "ask_to_open": (lambda: services["ask_to_open"](MISSING, 0), MISSING),
        "owner_of_path": (lambda: services["owner_of_path"](MISSING), MISSING),
        "owner_at": (lambda: services["owner_at"](frame), frame),
        "is_own": (lambda: services["is_own"](frame), frame),
        "answers": (lambda: services["answers"](),),
        "part": (lambda: services["part"]("a"),),
        "part that isn't there": (lambda: services["part"]("b"),),
        "part of no name": (lambda: services["part"]([]),),
        "a module that is found": (lambda: finder.find_spec("json", None, None), finder),
        "a module that is not": (lambda: finder.find_spec("no_such_module", None, None), finder),
    }


def of_anybody():
    """Return the like for what programs do."""
    folder, plug = os.open("/tmp", os.O_RDONLY), socket.socket()
    text, bytes_name = f"{ROOM}/été", os.fsencode(ROOM) + b"/\xff"
    return {
        "an open file": (lambda: open("/dev/null").close(),),
        "an open that is refused": (lambda: refused(open, SECRET), SECRET, refused),
        "an open with a folder": (lambda: refused(lambda: posix.open("missing", 0, dir_fd=folder)),),
        "an open with an opener": (lambda: refused(open, "/dev/null", opener=os.open).close(),),
        "eight files in turn": (Turn(),),
        "a pipe that is refused": (lambda: refused(posix.mkfifo, "/root/.bashrc.d"),),
        "a folder that is moved": (lambda: refused(os.rename, text, SETTINGS), text),
        "a folder whose name is no text": (lambda: refused(os.rename, bytes_name, SETTINGS), bytes_name),
        "a folder that is moved by a folder": (lambda: refused(os.rename, "a", "b", src_dir_fd=folder, dst_dir_fd=folder),),
        "a folder that is linked": (lambda: refused(os.symlink, text, SETTINGS), text),
        "a link that leads on": (lambda: refused(os.symlink, b"../x", SETTINGS),),
        "a link to what is no path": (lambda: refused(os.symlink, 3, None),),
        "a variable": (lambda: refused(posix.environ.get, b"HYGIENE_KEY"),),
        "all variables": (lambda: refused(dict, posix.environ),),
        "a variable that is set": (lambda: refused(posix.putenv, b"HYGIENE_KEY", b"1"),),
        "a variable of the dict": (lambda: refused(posix.environ.__setitem__, b"HYGIENE_KEY", b"1"),),
        "a connection that is refused": (lambda: refused(plug.connect, ("127.0.0.1", 1)), plug),
        "a start that is refused": (lambda: refused(posix.system, "true"),),
        "code": (lambda: compile("def f(): pass", MISSING, "exec"), MISSING),
        "code that is run": (lambda: exec("def f(): return lambda: 1", {}),),
        "code that is put in a function": (lambda: setattr(start_thread, "__code__", start_thread.__code__.replace()),),
        "a module of a source": (lambda: again("hygiene_source"),),
        "a module of fresh bytecode": (lambda: again("hygiene_cached"),),
        "a module that changes another": (lambda: again("hygiene_patching"),),
        "a module that is refused something": (lambda: again("hygiene_broken"),),
    }


def of_connections(link):
    """Return the like for what goes by a connection that somebody else has made."""
    null, plain = os.open("/dev/null", os.O_WRONLY), ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    log = open(f"{ROOM}/log", "w")  # noqa: SIM115 - for as long as the process lives
    return {
        "bytes that are sent": (lambda: refused(link.send, b"x"), link),
        "a message that is sent": (lambda: refused(link.sendmsg, [b"x"]), link),
        "bytes that are written": (lambda: refused(posix.write, link.fileno(), b"x"), link),
        "buffers that are written": (lambda: refused(posix.writev, link.fileno(), [b"x"]), link),
        "another number": (lambda: refused(os.dup2, link.fileno(), null), link),
        "a file object by an opener": (lambda: refused(open, "/dev/null", "wb", opener=lambda *_: os.dup(link.fileno())), link),
        "a traceback": (lambda: refused(faulthandler.dump_traceback, link), link),
        "a traceback at the end": (lambda: (refused(faulthandler.enable, log), faulthandler.disable()), log),
        "a traceback later": (lambda: (refused(faulthandler.dump_traceback_later, 900, file=log), faulthandler.cancel_dump_traceback_later()), log),
        "a traceback by a signal": (lambda: (refused(faulthandler.register, signal.SIGUSR2, log), faulthandler.unregister(signal.SIGUSR2)), log),
        "a greeting": (lambda: refused(plain._wrap_socket, link, False, "acme.example"), link),
        "a connection by number": (lambda: refused(socket.socket().connect_ex, ("127.0.0.1", 1)),),
        "a port of a number": (lambda: refused(socket.socket().bind, ("127.0.0.1", 0)),),
        "a number for signals": (lambda: refused(signal.set_wakeup_fd, link.fileno()), link),
        "a port": (lambda: refused(socket.socket().listen),),
    }


def of_variables():
    """Return the like for the dict behind os.environ."""
    names = ("keys", "values", "items", "copy", "clear", "popitem", "__repr__", "__len__", "__iter__")
    pairs = (("pop", b"HYGIENE"), ("setdefault", b"HYGIENE_KEY"), ("update", {b"HYGIENE": b"1"}), ("__or__", {}), ("__ior__", {b"X": b"1"}))
    more = (*pairs, ("__contains__", b"X"), ("__getitem__", b"X"), ("__delitem__", b"X"), ("__eq__", {}), ("__reduce_ex__", 2))
    known = {name: (lambda name=name: refused(getattr(posix.environ, name)),) for name in names}
    known |= {name: (lambda name=name, value=value: refused(getattr(posix.environ, name), value), value) for name, value in more}
    return {f"environ.{name}": act for name, act in known.items()}


def of_libraries():
    """Return the like for SQLite and for functions of the C library."""
    database, library = sqlite3.connect(":memory:"), ctypes.CDLL(None)
    return {
        "a database": (lambda: refused(sqlite3.connect, "/root/.bashrc"),),
        "a database beside": (lambda: refused(database.execute, "ATTACH '/root/.bashrc' AS x"), database),
        "a query": (lambda: refused(database.execute, "SELECT 1"), database),
        "a function of the C library": (lambda: refused(getattr, library, "system"), library),
        "an address of the C library": (lambda: refused(library.__getitem__, "getpid"), library),
        "a library": (lambda: refused(ctypes.CDLL, "/tmp/missing.so"),),
    }


def of_later():
    """Return the like for what is done later."""
    return {
        "a signal": (handle_signal, refused),
        "a codec": (search_codec, refused),
        "a handler of mistakes": (handle_mistake, refused),
        "a thread": (start_thread,),
        "a thread of nobody's": (lambda: refused(start_thread),),
        "an exit function": (lambda: (atexit.register(refused, MISSING), atexit._clear()), refused, MISSING),
        "a finalizer": (lambda: weakref.finalize(Thing(), refused, len, MISSING), refused, MISSING),
    }
