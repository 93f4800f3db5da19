"""What the kernel of this machine has to offer."""

import os
import typing
from pathlib import Path

FILTERS = Path(__file__).parent / "filters"


class Machine(typing.NamedTuple):
    """A kernel: its `system` and `kind` of machine as uname tells them, whether it has seccomp, its Landlock's ABI; `shares` says
    whether descriptors may be taken from other processes."""

    system: str
    kind: str
    has_seccomp: bool
    landlock: int
    shares: bool = True


def look():
    """Return the Machine that this process runs on."""
    system, kind = os.uname().sysname, os.uname().machine
    if system != "Linux":
        return Machine(system, kind, False, 0)
    try:
        from importguard.kernel import syscalls_unsafe
    except ImportError:  # a Python that was built without ctypes
        return Machine(system, kind, False, 0)
    return Machine(system, kind, syscalls_unsafe.has_filters(), syscalls_unsafe.landlock_abi(), syscalls_unsafe.takes_descriptors())


class Itself:
    """The Machine that this process runs on, for one that puts filters over itself, by the core in C: a suite that is armed pays
    for ctypes only where a policy asks for more than that."""

    def __init__(self):
        self.system, self.kind = os.uname().sysname, os.uname().machine

    @property
    def has_seccomp(self):
        try:
            return "\nSeccomp:" in Path("/proc/self/status").read_text("utf-8", "replace")
        except OSError:
            return look().has_seccomp

    @property
    def landlock(self):
        return look().landlock

    @property
    def shares(self):
        return look().shares


def program(piece, kind):
    """Return the program of a filter for a kind of machine, b"" where there is none."""
    path = FILTERS / f"{piece}.{kind}.bpf"
    return path.read_bytes() if path.exists() else b""
