"""What the target interpreter is and where it looks for distributions, asked of itself without any start-up file."""

import os
import select
import signal
import site
import sys
import typing

SECONDS = 20
FIELDS = 8  # before the site directories
# Runs on any CPython from 3.4, so that an older one can be named in the refusal. `site` runs nothing when it is
# imported under -S; it is asked because distributors change where distributions go.
PROGRAM = r"""
import os, sys, site
real = sys.executable
home = os.path.dirname(os.path.dirname(os.path.abspath(real)))
system = "true"
for path in (os.path.dirname(os.path.abspath(real)) + "/pyvenv.cfg", home + "/pyvenv.cfg"):
    if os.path.isfile(path):
        sys.prefix = sys.exec_prefix = home
        system = "true"
        for line in open(path, encoding="utf-8", errors="surrogateescape"):
            key, _, value = line.partition("=")
            if key.strip().lower() == "include-system-site-packages":
                system = value.strip().lower()
        break
prefixes = [sys.prefix, sys.exec_prefix]
if sys.prefix != sys.base_prefix and system == "true":
    prefixes += [sys.base_prefix, sys.base_exec_prefix]
places = []
for prefix in prefixes:
    for place in site.getsitepackages([prefix]):
        if place not in places:
            places.append(place)
fields = [sys.implementation.name, "%d.%d.%d" % sys.version_info[:3], real, sys.prefix, sys.base_prefix, system,
          site.getusersitepackages(), os.path.dirname(os.__file__)] + places
os.write(1, b"\0".join(os.fsencode(field) for field in fields))
"""


class Interpreter(typing.NamedTuple):
    """One Python interpreter; `site_dirs` are those of the environment, `user_site` counts only where it is enabled."""

    path: str
    implementation: str
    version: tuple[int, int, int]
    executable: str
    prefix: str
    base_prefix: str
    system_site: bool
    user_site: str
    stdlib: str
    site_dirs: tuple[str, ...]

    @property
    def version_text(self):
        """The version as `3.11.7`."""
        return ".".join(map(str, self.version))


def probe(path, environment):
    """Return the Interpreter at `path`, or None when it doesn't answer as Python 3 does."""
    try:
        fields = capture((path, "-I", "-S", "-c", PROGRAM), environment).decode("utf-8", "surrogateescape").split("\0")
        version = tuple(int(part) for part in fields[1].split("."))
    except (OSError, ValueError, IndexError):
        return None
    if len(fields) < FIELDS or len(version) != 3:
        return None
    implementation, _, executable, prefix, base_prefix, system_site, user_site, stdlib, *site_dirs = fields
    return Interpreter(
        path=path, implementation=implementation, version=version, executable=executable, prefix=prefix,
        base_prefix=base_prefix, system_site=system_site == "true", user_site=user_site, stdlib=stdlib,
        site_dirs=tuple(site_dirs),
    )  # fmt: skip


def own():
    """Return the Interpreter that runs this, as `probe` would; None where `site` hasn't made its paths what they would be."""
    if sys.flags.no_site or not sys.executable:
        return None
    prefixes = [sys.prefix, sys.exec_prefix]
    is_alone = sys.prefix != sys.base_prefix and not _has_system_site(sys.prefix)
    if sys.prefix != sys.base_prefix and not is_alone:
        prefixes += [sys.base_prefix, sys.base_exec_prefix]
    site_dirs = dict.fromkeys(place for prefix in prefixes for place in site.getsitepackages([prefix]))
    return Interpreter(
        path=sys.executable, implementation=sys.implementation.name, version=tuple(sys.version_info[:3]),
        executable=sys.executable, prefix=sys.prefix, base_prefix=sys.base_prefix, system_site=not is_alone,
        user_site=site.getusersitepackages(), stdlib=os.path.dirname(os.__file__), site_dirs=tuple(site_dirs),
    )  # fmt: skip


def _has_system_site(prefix):
    """Say whether a virtual environment includes the system's site directories, as its pyvenv.cfg has it."""
    try:
        with open(f"{prefix}/pyvenv.cfg", encoding="utf-8", errors="surrogateescape") as file:
            pairs = [line.partition("=") for line in file]
    except OSError:
        return True
    values = [value.strip().lower() for key, _, value in pairs if key.strip().lower() == "include-system-site-packages"]
    return not values or values[-1] == "true"


def capture(argv, environment):
    """Return what a program writes to standard output; it is ended after SECONDS."""
    reader, writer = os.pipe()
    actions = [
        (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
        (os.POSIX_SPAWN_DUP2, writer, 1),
        (os.POSIX_SPAWN_OPEN, 2, os.devnull, os.O_WRONLY, 0),
    ]
    try:
        pid = os.posix_spawnp(argv[0], argv, environment, file_actions=actions, setsigdef=[signal.SIGPIPE])
    except OSError:
        os.close(reader)
        raise
    finally:
        os.close(writer)
    try:
        return _read_to_end(reader)
    finally:
        os.close(reader)
        os.kill(pid, signal.SIGKILL)  # it has closed its output, or has had its time
        os.waitpid(pid, 0)


def _read_to_end(reader):
    poll, data = select.poll(), b""
    poll.register(reader, select.POLLIN)
    while poll.poll(SECONDS * 1000):
        block = os.read(reader, 65536)
        if not block:
            break
        data += block
    return data
