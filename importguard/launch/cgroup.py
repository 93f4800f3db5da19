"""A control group for one command, so that the kernel can end all of it at once; there is one where cgroup v2 may be written.

Made only for a run that may have to be ended: a program sees which group it is in.
"""

import contextlib
import os
import time
import typing

OWN = "/proc/self/cgroup"
MOUNTS = "/proc/self/mountinfo"


class Group(typing.NamedTuple):
    """A control group by its folder."""

    folder: str

    def add(self, pid):
        """Put a process and what it will start into the group; what it has started already stays outside."""
        with contextlib.suppress(OSError):
            self._write("cgroup.procs", str(pid))

    def stop(self):
        """Let nothing in the group run on, and return the pids of what is in it."""
        with contextlib.suppress(OSError):
            self._write("cgroup.freeze", "1")
            self._wait_until_frozen()
        try:
            with open(f"{self.folder}/cgroup.procs") as file:
                return [int(line) for line in file]
        except OSError:
            return []

    def _wait_until_frozen(self):
        """Wait until the kernel says so, 50 ms at most: what is on its way into a new program has no arguments to show yet."""
        for _ in range(50):
            with open(f"{self.folder}/cgroup.events") as file:
                if "frozen 1\n" in file:
                    return
            time.sleep(0.001)

    def kill(self):
        """End everything in the group, frozen or not, forking or not."""
        with contextlib.suppress(OSError):
            self._write("cgroup.kill", "1")

    def remove(self):
        """Remove the group; daemons that outlive the command keep it."""
        with contextlib.suppress(OSError):
            os.rmdir(self.folder)

    def _write(self, name, text):
        with open(f"{self.folder}/{name}", "w") as file:
            file.write(text)


def make():
    """Return a new Group below our own, or None where there can't be one that kills (Linux 5.14)."""
    above = _own_folder()
    if above is None:
        return None
    group = Group(f"{above}/importguard-{os.getpid()}-{os.urandom(4).hex()}")
    try:
        os.mkdir(group.folder, 0o755)
    except OSError:
        return None
    if not os.access(f"{group.folder}/cgroup.kill", os.W_OK):
        group.remove()
        return None
    return group


def _own_folder():
    """Return the folder of the group that this process is in, None without cgroup v2."""
    try:
        with open(OWN) as file:
            own = next((line[3:].strip() for line in file if line.startswith("0::")), None)
        with open(MOUNTS) as file:
            mount = next(filter(None, map(_unified, file)), None)
    except OSError:
        return None
    if own is None or mount is None:
        return None
    root, place = mount
    inside = own.removeprefix(root) if root != "/" else own
    return (place + "/" + inside.strip("/")).rstrip("/")


def _unified(line):
    """Return (root, place) of a line of mountinfo that is cgroup v2's, None of another."""
    words, _, rest = line.partition(" - ")
    return tuple(words.split()[3:5]) if rest.startswith("cgroup2 ") else None
