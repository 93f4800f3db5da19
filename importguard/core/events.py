"""From an audit event to what it asks for: (capability, target, argv) for each thing that it does.

Every audit event of CPython 3.11 to 3.13 is classified: by a reader below, or in core/ignored.py with the reason.
"""

from importguard import paths
from importguard.pinned import NAMES, bytes, getpid, hasattr, int, isinstance, len, lstat, slice, str, tuple, type
from importguard.programs import argv_text, program_path

WRITES = 0o1 | 0o2 | 0o100 | 0o1000 | 0o2000  # O_WRONLY, O_RDWR, O_CREAT, O_TRUNC, O_APPEND
WRITE_ONLY = 0o1
PATH_ONLY = 0o10000000
FORK = "<fork>"

START_OF_PROGRAM = (
    "cpython.run_command", "cpython.run_file", "cpython.run_interactivehook", "cpython.run_module",
    "cpython.run_startup", "cpython.run_stdin",
)  # fmt: skip


# Called with (source, target) before a folder gets another name.
on_move = []


def locate(path, dir_fd=-1, *, by_name=False):
    """Return a path argument as an absolute path without links, or None when it is no path; what lies there `by_name` may be a link."""
    text = paths.as_text(path)
    if not text:
        return None
    folder = paths.folder_of_fd(dir_fd) if type(dir_fd) is int and dir_fd >= 0 else None
    return paths.resolve(text, folder, by_name=by_name)


def read_open(args):
    path, _mode, flags = args
    if type(path) is int or type(flags) is not int or flags & PATH_ONLY:
        return ()
    target = locate(path)
    if target is None:
        return ()
    if not flags & WRITES:
        return (("fs.read", target, None),)
    if flags & 0o3 == WRITE_ONLY:
        return (("fs.write", target, None),)
    return (("fs.read", target, None), ("fs.write", target, None))


def read_list(args):
    target = locate(args[0] if args[0] is not None else ".")
    return (("fs.list", target, None),) if target else ()


def _writes(*places, by_name=False):
    """Return a reader for an event that changes the paths at these positions, given as (path, dir_fd or None); what lies there
    `by_name` is changed, be it a link."""

    def read_write(args):
        found = []
        for path_at, fd_at in places:
            folder = args[fd_at] if fd_at is not None and fd_at < len(args) else -1
            target = locate(args[path_at], folder, by_name=by_name)
            if target is not None:
                found.append(("fs.write", target, None))
        return found

    return read_write


def read_mkdir(args):
    """A folder that is there already is not made: os.makedirs asks for each of its parents."""
    target = locate(args[0], args[2], by_name=True)
    try:
        lstat(target or "")
    except OSError:
        return (("fs.write", target, None),) if target else ()
    return ()


def _moves(args):
    # A secret under another name is none to the rules: who moves it may as well read it.
    paths.forget()
    source, target = locate(args[0], args[2], by_name=True), locate(args[1], args[3], by_name=True)
    if source and target and paths.is_plain_folder(source):
        for listener in on_move:
            listener(source, target)
    return ([("fs.read", source, None)] if source else []) + _writes((0, 2), (1, 3), by_name=True)(args)


def _links(args):
    # A second name for a file gives its content to whoever may read that name, and changes it for whoever may write there.
    # Whether a link is followed the event doesn't say.
    paths.forget()
    folder = args[2] if len(args) > 2 else -1
    source, name = locate(args[0], folder), locate(args[0], folder, by_name=True)
    sources = (source,) if source == name else (source, name)
    found = [(capability, each, None) for capability in ("fs.read", "fs.write") for each in sources if each]
    return found + _writes((1, 3), by_name=True)(args)


def _removes(args):
    # Where a link was, a folder may be next: what lay behind it lies there no more.
    found = _writes((0, 1), by_name=True)(args)
    paths.forget_links()
    return found


def _symlinks(args):
    paths.forget()
    return _writes((1, 2), by_name=True)(args)


def read_database(args):
    path = paths.as_text(args[0])
    if not path or path == ":memory:":
        return ()
    targets = [paths.resolve(path)]
    if path.startswith("file:"):
        # Whether it is read as an address is said elsewhere, so that it may be either.
        targets.append(paths.resolve(path_of_uri(path) or "."))
    return [(capability, target, None) for target in targets for capability in ("fs.read", "fs.write")]


def path_of_uri(uri):
    """Return the path in a `file:` address as SQLite reads it."""
    path = uri[5:].partition("?")[0].partition("#")[0]
    if path[:2] == "//":
        path = "/" + path[2:].partition("/")[2]
    first, *rest = path.split("%")
    data = first.encode("utf-8", "surrogateescape")
    for part in rest:
        try:
            data += int(part[:2], 16).to_bytes(1, "big") + part[2:].encode("utf-8", "surrogateescape")
        except ValueError:
            data += b"%" + part.encode("utf-8", "surrogateescape")
    return data.partition(b"\0")[0].decode(NAMES, "surrogateescape")


def address_text(address):
    """Return a socket address as the contract writes it, or None for families that leave no machine.

    A tuple's or an int's subclass and a buffer in the place of a text are taken by the kernel's calls all the same.
    """
    if not isinstance(address, tuple):
        text = paths.as_text(address)
        if not text or text[0] == "\0":
            return "unix:@" + text[1:] if text else None
        return "unix:" + paths.resolve(text)
    address = tuple.__getitem__(address, slice(None))
    if len(address) < 2:
        return None
    host, port = paths.as_text(address[0]), port_of(address[1])
    if host is None or port is None:
        return None
    if len(address) == 4 or ":" in host:
        return f"[{host.partition('%')[0] or '::'}]:{port}"
    return f"{host or '0.0.0.0'}:{port}"


def port_of(value):
    """Return a port as an int, "?" for an object that may say another number each time, None for what is none."""
    if isinstance(value, int):
        return int.__index__(value)
    return "?" if hasattr(type(value), "__index__") else None


def _at_address(capability):
    def read_address(args):
        target = address_text(args[1])
        return ((capability, target, None),) if target else ()

    return read_address


def read_resolve(args):
    host = paths.as_text(args[0])
    return (("net.resolve", host, None),) if host else ()


def read_getnameinfo(args):
    address = args[0]
    return read_resolve(address) if isinstance(address, tuple) and len(address) else ()


def read_spawn(args):
    path, argv = args[0], args[1]
    target = program_path(path)
    return (("proc.spawn", target, argv_text(argv)),) if target else ()


def read_system(args):
    command = paths.as_text(args[0])
    return (("proc.spawn", "/bin/sh", ("sh", "-c", command or "")),)


def read_fork(args):
    return (("proc.spawn", FORK, (FORK,)),)


def read_kill(args):
    return (("proc.signal", str(args[0]) if type(args[0]) is int else "?", None),)


def read_limits(args):
    """Limits that are too low for it end a process as a signal does, or have it fail."""
    pid, _, limits = args
    if limits is None or pid in (0, getpid()):
        return ()
    return (("proc.signal", str(pid) if type(pid) is int else "?", None),)


def read_env(args):
    name = paths.as_text(args[0])
    return (("env.write", name, None),) if name else ()


def read_dlopen(args):
    name = paths.as_text(args[0])
    if not name:
        return ()
    return (("native.load", paths.resolve(name) if "/" in name else name, None),)


def read_dlsym(args):
    name = paths.as_text(args[-1]) if type(args[-1]) in (str, bytes) else None
    return (("native.call", name, None),) if name else ()


def read_load_extension(args):
    target = locate(args[1]) if len(args) > 1 else None
    return (("native.load", target, None),) if target else ()


def read_exec(args):
    return (("code.run", "exec", None),)


def read_marshal(args):
    return (("code.run", "marshal", None),)


def read_pickle(args):
    module, name = args
    if type(module) is not str or type(name) is not str:
        return ()
    return (("code.run", f"pickle:{module}.{name}", None),)


def _patches(name):
    def read_patch(args):
        return (("runtime.patch", name, None),)

    return read_patch


READERS = {
    "open": (read_open, ("fs.read", "fs.write")),
    "os.listdir": (read_list, ("fs.list",)),
    "os.scandir": (read_list, ("fs.list",)),
    "os.remove": (_removes, ("fs.write",)),
    "os.rmdir": (_writes((0, 1), by_name=True), ("fs.write",)),
    "os.mkdir": (read_mkdir, ("fs.write",)),
    "os.truncate": (_writes((0, None)), ("fs.write",)),
    "os.chmod": (_writes((0, 2)), ("fs.write",)),
    "os.chown": (_writes((0, 3)), ("fs.write",)),
    "os.utime": (_writes((0, 3)), ("fs.write",)),
    "os.setxattr": (_writes((0, None)), ("fs.write",)),
    "os.removexattr": (_writes((0, None)), ("fs.write",)),
    "os.rename": (_moves, ("fs.write",)),
    "os.link": (_links, ("fs.read", "fs.write")),
    "os.symlink": (_symlinks, ("fs.write",)),
    "sqlite3.connect": (read_database, ("fs.read", "fs.write")),
    "sqlite3.load_extension": (read_load_extension, ("native.load",)),
    "socket.connect": (_at_address("net.connect"), ("net.connect",)),
    "socket.sendto": (_at_address("net.connect"), ("net.connect",)),
    "socket.sendmsg": (_at_address("net.connect"), ("net.connect",)),
    "socket.bind": (_at_address("net.listen"), ("net.listen",)),
    "socket.getaddrinfo": (read_resolve, ("net.resolve",)),
    "socket.gethostbyname": (read_resolve, ("net.resolve",)),
    "socket.gethostbyaddr": (read_resolve, ("net.resolve",)),
    "socket.getnameinfo": (read_getnameinfo, ("net.resolve",)),
    "os.posix_spawn": (read_spawn, ("proc.spawn",)),
    "os.exec": (read_spawn, ("proc.spawn",)),
    "os.system": (read_system, ("proc.spawn",)),
    "os.fork": (read_fork, ("proc.spawn",)),
    "os.forkpty": (read_fork, ("proc.spawn",)),
    "os.kill": (read_kill, ("proc.signal",)),
    "os.killpg": (read_kill, ("proc.signal",)),
    "signal.pthread_kill": (read_kill, ("proc.signal",)),
    "resource.prlimit": (read_limits, ("proc.signal",)),
    "os.putenv": (read_env, ("env.write",)),
    "os.unsetenv": (read_env, ("env.write",)),
    "ctypes.dlopen": (read_dlopen, ("native.load",)),
    "ctypes.dlsym": (read_dlsym, ("native.call",)),
    "ctypes.dlsym/handle": (read_dlsym, ("native.call",)),
    "pickle.find_class": (read_pickle, ("code.run",)),
    "sys.addaudithook": (_patches("sys.addaudithook"), ("runtime.patch",)),
    "sys.settrace": (_patches("sys.settrace"), ("runtime.patch",)),
    "sys.setprofile": (_patches("sys.setprofile"), ("runtime.patch",)),
    "sys.monitoring.register_callback": (_patches("sys.monitoring"), ("runtime.patch",)),
}
# Read only where a rule could refuse them: every import of a module raises both.
CODE_READERS = {"exec": read_exec, "marshal.loads": read_marshal}
SPECIAL = ("import", *START_OF_PROGRAM)
