"""The session directory: where guarded processes find the session file and the pipe for their records."""

import errno
import fcntl
import os
import shutil
import stat
import time
import typing

from importguard.errors import CannotArm

PREFIX = "importguard-"
OUTER, INNER = 12, 24  # digits after the prefix, and of the name inside
DIGITS = frozenset("0123456789abcdef")
SESSION = "session.bin"
BOARD = "board"
SETTLED = 60  # seconds after which a directory that nobody uses is taken for an orphan
BASES = ("/tmp", "/dev/shm", "/var/tmp")
# Searchable and not listable: a child that gives up its user still finds its session, and no other user finds its name.
FOLDER_MODE = 0o711
SESSION_MODE = 0o444
PIPE_MODE = 0o222
BOARD_MODE = 0o666
BOARD_SIZE = 4096 + 4096 * 4 + 4096 * 256  # as in core/src/board.c


class Directory(typing.NamedTuple):
    """A session directory: `outer` is the visible folder, `path` the folder with the unguessable name inside it."""

    outer: str
    path: str

    @property
    def session(self):
        return f"{self.path}/{SESSION}"

    @property
    def pipe(self):
        return self.path + "/records"

    @property
    def board(self):
        return f"{self.path}/{BOARD}"


def create(environment):
    """Make a new session directory in the first writable place; raises CannotArm when there is none."""
    refused = []
    for base in _bases(environment):
        try:
            _sweep(base)
            return _create_in(base)
        except OSError as error:
            refused.append(f"{base}: {error.strerror}")
    raise CannotArm(f"no writable folder for the session ({'; '.join(refused)}); set TMPDIR to one")


def write_file(directory, name, data):
    """Write a file of the session, readable for all and writable for none; raises CannotArm when it isn't whole."""
    path = f"{directory.path}/{name}"
    try:
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            view = memoryview(data)
            while view:
                view = view[os.write(fd, view) :]
            os.fchmod(fd, SESSION_MODE)
        finally:
            os.close(fd)
    except OSError as error:
        raise CannotArm(f"can't write the session file {path}: {error.strerror}") from error


def make_pipe(directory):
    """Make the pipe for records and return a descriptor that reads it and never sees its end."""
    try:
        os.mkfifo(directory.pipe, 0o600)
        # Read and write: with a writer of our own the pipe doesn't end when the last guarded process does.
        fd = os.open(directory.pipe, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
        # Nobody else is to read it.
        os.chmod(directory.pipe, PIPE_MODE if os.geteuid() == 0 else 0o200)
        return fd
    except OSError as error:
        raise CannotArm(f"can't make the pipe for records {directory.pipe}: {error.strerror}") from error


def make_board(directory):
    """Make the file in which guarded processes show what they import, and return its path; it takes what room is used."""
    path = directory.board
    try:
        fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            os.ftruncate(fd, BOARD_SIZE)
            os.fchmod(fd, BOARD_MODE if os.geteuid() == 0 else 0o600)
        finally:
            os.close(fd)
    except OSError as error:
        raise CannotArm(f"can't make the session's board {path}: {error.strerror}") from error
    return path


def hold(directory, *, above=0):
    """Keep other runs from sweeping a session for as long as this process lives, or its forks; return the descriptor that does.

    `above`: it gets no number below this where that can be had, so that a program finds the numbers that it expects.
    """
    fd = _opened(directory.outer)
    fcntl.flock(fd, fcntl.LOCK_SH)
    if fd >= above:
        return fd
    try:
        higher = fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, above)
    except OSError:
        return fd
    os.close(fd)
    return higher


def remove(directory):
    """Remove a session directory; what has gone already is fine."""
    shutil.rmtree(directory.outer, ignore_errors=True)


def is_used(outer):
    """Say whether a supervisor holds the folder, or a process of this user was started with a session below it."""
    if _is_held(outer):
        return True
    needle = os.fsencode(outer) + b"/"
    return any(needle in _environment_of(pid) for pid in os.listdir("/proc") if pid.isdecimal())


def _bases(environment):
    runtime = environment.get("XDG_RUNTIME_DIR")
    listed = [runtime, environment.get("TMPDIR"), *BASES]
    folders = [folder for folder in listed if folder and folder.startswith("/")]
    if os.geteuid() == 0:
        # A server that starts as root gives up its user later on, and must still be able to read its session.
        folders.sort(key=lambda folder: not _everyone_can_enter(folder))
    return list(dict.fromkeys(folders))


def _everyone_can_enter(folder):
    while folder not in ("", "/"):
        try:
            if not os.stat(folder).st_mode & stat.S_IXOTH:
                return False
        except OSError:
            return False
        folder = os.path.dirname(folder)
    return True


def _create_in(base):
    for _ in range(100):
        outer = f"{base.rstrip('/')}/{PREFIX}{os.urandom(6).hex()}"
        try:
            os.mkdir(outer, 0o700)
        except FileExistsError:
            continue
        path = f"{outer}/{os.urandom(12).hex()}"
        try:
            os.mkdir(path, 0o700)
            os.chmod(path, FOLDER_MODE)
            os.chmod(outer, FOLDER_MODE)
        except OSError:
            shutil.rmtree(outer, ignore_errors=True)
            raise
        return Directory(outer, path)
    raise OSError(errno.EEXIST, "every name is taken")


def _sweep(base):
    """Remove what runs left behind that were killed, or whose daemons have ended since."""
    with os.scandir(base) as entries:
        orphans = [entry.path for entry in entries if _is_name(entry.name, PREFIX, OUTER) and _is_old(entry)]
    for outer in orphans:
        if _is_session(outer) and not is_used(outer):
            shutil.rmtree(outer, ignore_errors=True)


def _is_session(outer):
    """Say whether a folder holds what a session holds and nothing else: somebody else's may have such a name too.

    A start that was cut short has left less than a whole session.
    """
    try:
        held = os.listdir(outer)
        if not held:
            return True
        [inner] = held
        names = os.listdir(f"{outer}/{inner}")
        return _is_name(inner, "", INNER) and (SESSION in names or all(map(_is_of_a_start, names)))
    except (OSError, ValueError):
        return False


def _is_of_a_start(name):
    """Say whether a session has a file of this name before it's whole."""
    return name == BOARD or (name.startswith("base-") and name.endswith(".bin"))


def _is_name(name, prefix, digits):
    return name.startswith(prefix) and len(name) == len(prefix) + digits and DIGITS.issuperset(name[len(prefix) :])


def _is_old(entry):
    try:
        status = entry.stat(follow_symlinks=False)
    except OSError:
        return False
    return stat.S_ISDIR(status.st_mode) and status.st_uid == os.geteuid() and time.time() - status.st_mtime > SETTLED


def _opened(outer):
    return os.open(outer, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)


def _is_held(outer):
    try:
        fd = _opened(outer)
    except OSError:
        return False
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(fd)
    return False


def _environment_of(pid):
    try:
        with open(f"/proc/{pid}/environ", "rb") as file:
            return file.read()
    except OSError:
        return b""
