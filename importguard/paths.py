"""Which file a path really means: absolute, with every symbolic link followed, at the price of one lstat."""

from importguard.pinned import (
    NAMES,
    bytes,
    fspath,
    getcwd,
    isinstance,
    len,
    lstat,
    memoryview,
    readlink,
    stat,
    str,
    type,
)  # fmt: skip

LINK = 0o120000
FOLDER = 0o040000
TYPE_MASK = 0o170000
MOST_LINKS = 40
MOST_CACHED = 8192
REMOVED = " (deleted)"
TOO_LONG = 36  # ENAMETOOLONG

_folders = {}
_linked = {}  # those that are kept by a way through a link


def as_text(path):
    """Return a path argument of an audit event as str, or None for a file descriptor or nothing."""
    kind = type(path)
    if kind is str:
        return path
    if kind is bytes:
        return path.decode(NAMES, "surrogateescape")
    if path is None or kind is int or kind is bool:
        return None
    try:
        path = fspath(path)
    except TypeError:
        return _text_of_buffer(path)
    # A subclass may answer differently each time that it is asked: copy its characters once.
    if isinstance(path, bytes):
        return bytes.decode(path, NAMES, "surrogateescape")
    return "".join(str.__iter__(path))


def _text_of_buffer(value):
    """Return what a bytearray and its like hold, which some calls take for a path, or None for what is no buffer."""
    try:
        return bytes(memoryview(value)).decode(NAMES, "surrogateescape")
    except (TypeError, ValueError):
        return None


def working_folder():
    """Return the working directory, or the link that leads to it where it was removed."""
    try:
        return getcwd()
    except OSError:
        return "/proc/self/cwd"


def resolve(path, folder=None, *, by_name=False):
    """Return `path` (str, relative to `folder` or the working directory) as an absolute path without links; what lies there
    `by_name` may be a link itself."""
    if path[:1] != "/":
        path = (folder or working_folder()) + "/" + path
    parent, _, name = path.rpartition("/")
    if name in ("", ".", ".."):
        return real_folder(path)
    real = real_folder(parent) if parent else ""
    if real == "/":
        real = ""
    full = real + "/" + name
    if by_name:
        return full
    try:
        if lstat(full).st_mode & TYPE_MASK != LINK:
            return full
    except (OSError, ValueError):
        return full
    return _walk(full, MOST_LINKS)[0]


def is_folder(path):
    """Say whether a path is a folder now."""
    try:
        return stat(path).st_mode & TYPE_MASK == FOLDER
    except (OSError, ValueError):
        return False


def forget():
    """Drop what is known of folders; called when a link, a rename or a removal may have changed it."""
    _folders.clear()
    _linked.clear()


def forget_links():
    """Drop what is known by way of links, one of which may have been removed."""
    if _linked:
        forget()


def folder_of_fd(fd):
    """Return a path to the folder that a directory descriptor stands for, or None: its name, or the link that leads to it where the
    name is longer than the kernel tells, or that of a folder which was removed."""
    link = f"/proc/self/fd/{fd}"
    try:
        name = readlink(link)
    except OSError as error:
        return link if error.errno == TOO_LONG else None
    return link if name.endswith(REMOVED) else name


def real_folder(path):
    """Return a folder's absolute path without links; cached until forget()."""
    known = _folders.get(path)
    if known is None:
        if len(_folders) > MOST_CACHED:
            _folders.clear()
        known, passes = _below_known(path), False
        if known is None:
            known, passes = _walk(path, MOST_LINKS)
            passes = passes or not is_plain_folder(known)
        # What hangs below /proc changes with the process and with every descriptor that is opened.
        if not passes and not known.startswith("/proc/") and not path.startswith(("/proc", "/dev/fd")):
            _folders[path] = known
            if known != path:
                _linked[path] = True
    return known


def _below_known(path):
    """Return a folder's real path where its parent's is known and it is no link itself, else None."""
    parent, _, name = path.rpartition("/")
    known = _folders.get(parent)
    if known is None or known == "/" or name in ("", ".", ".."):
        return None
    here = known + "/" + name
    return here if is_plain_folder(here) else None


def is_plain_folder(path):
    """Say whether a path is a folder now, and no link to one."""
    try:
        return lstat(path).st_mode & TYPE_MASK == FOLDER
    except (OSError, ValueError):
        return False


def _walk(path, budget):
    """Walk a path component by component, as the kernel does, for at most `budget` links; say as well whether that passes.

    What was found by a link of /proc leads elsewhere as soon as a descriptor does, which raises no event.
    """
    done, passes = "", False
    todo = path.split("/")
    todo.reverse()
    while todo:
        part = todo.pop()
        if part in ("", "."):
            continue
        if part == "..":
            done = done.rpartition("/")[0]
            continue
        here = done + "/" + part
        try:
            link = readlink(here)
        except (OSError, ValueError) as error:
            if type(error) is OSError and error.errno == TOO_LONG and here.startswith("/proc/"):
                return path, True  # the kernel follows it, and can't say where to
            done = here
            continue
        budget -= 1
        if budget < 0:
            return path, passes
        passes = passes or here.startswith("/proc/")
        if link[:1] == "/" and here.startswith("/proc/"):
            # The kernel's own links are names that have no links left in them: what has come to lie there isn't followed.
            done = _name_of(link, here).rstrip("/")
            continue
        if link[:1] == "/":
            done = ""
        # "socket:[1]" and "/memfd:x (deleted)" behind /proc/self/fd are names, not paths.
        elif here.startswith("/proc/") and ":[" in link:
            done = here
            continue
        steps = link.split("/")
        steps.reverse()
        todo.extend(steps)
    return done or "/", passes


def _name_of(link, here):
    """Return the name that a link of the kernel's tells, which a file that was removed keeps: without what the kernel adds to it."""
    if not link.endswith(REMOVED) or link.startswith("/memfd:"):
        return link
    try:
        there, named = stat(here), lstat(link)
    except OSError:
        return link[: -len(REMOVED)]
    is_its_name = (there.st_dev, there.st_ino) == (named.st_dev, named.st_ino)
    return link if is_its_name else link[: -len(REMOVED)]
