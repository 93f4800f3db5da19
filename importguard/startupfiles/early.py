"""Which start-up files ran before the hook of an enabled environment; small, since it runs at each start of it."""

import posix
import sys

# Only CPython 3.15 and later run .start files, and from 3.13 on no hidden ones.
SUFFIXES = (".pth", ".start") if sys.version_info >= (3, 15) else (".pth",)
HIDDEN = "." if sys.version_info >= (3, 13) else "/"
EXECUTES = ("import ", "import\t")


def before(site_dirs, own_name, approved=()):
    """Return the paths of start-up files that `site` ran before `own_name` of the last of `site_dirs`.

    `approved` are lines that were known when the environment was enabled; a file that runs nothing else is
    left out. A file that can't be read was not run by `site` either.
    """
    paths = []
    for site_dir in site_dirs:
        try:
            names = sorted(posix.listdir(site_dir))
        except OSError:
            continue
        for name in names:
            if site_dir == site_dirs[-1] and name >= own_name:
                break
            if name.endswith(SUFFIXES) and name[0] != HIDDEN and _runs_more(site_dir + "/" + name, approved):
                paths.append(site_dir + "/" + name)
    return tuple(paths)


def _runs_more(path, approved):
    try:
        data = _read(path)
    except OSError:
        return False
    if path.endswith(".start"):
        lines = [line.strip() for line in data.decode("utf-8", "surrogateescape").splitlines()]
        return any(line and not line.startswith("#") and line not in approved for line in lines)
    # CPython cuts at every break that str.splitlines knows from 3.13 on, and only at real ends of lines before.
    text = data.removeprefix(b"\xef\xbb\xbf").decode("utf-8", "surrogateescape")
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n") + text.splitlines()
    return any(line.startswith(EXECUTES) and line not in approved for line in lines)


def _read(path):
    handle = posix.open(path, posix.O_RDONLY | posix.O_NONBLOCK | posix.O_CLOEXEC)
    try:
        parts = []
        while part := posix.read(handle, 1 << 20):
            parts.append(part)
    finally:
        posix.close(handle)
    return b"".join(parts)
