"""Landlock: folders that may be written, TCP ports, and signals and sockets that stay inside; by what the kernel has.

No library on PyPI does all of this and is kept well: landlock 1.0.0.dev5 has neither ports nor scopes, py-landlock stops at
ABI 6, landlockpy is a few weeks old; each costs 50 ms to import. It takes three system calls.
"""

import errno
import glob
import os
import stat
import struct

from importguard.kernel import secrets

MAKE = {"char": 1 << 6, "dir": 1 << 7, "reg": 1 << 8, "sock": 1 << 9, "fifo": 1 << 10, "block": 1 << 11, "sym": 1 << 12}
READ_FILE, WRITE_FILE, REMOVE_DIR, REMOVE_FILE, REFER, TRUNCATE = 1 << 2, 1 << 1, 1 << 4, 1 << 5, 1 << 13, 1 << 14
WRITE = WRITE_FILE | REMOVE_DIR | REMOVE_FILE | sum(MAKE.values())
BIND, CONNECT = 1, 2
ABSTRACT_SOCKETS, SIGNALS = 1, 2
# What programs write without changing anything: terminals, the void, shared memory, what computes.
DEVICES = (
    "/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom", "/dev/tty", "/dev/ptmx", "/dev/pts", "/dev/shm",
    "/dev/mqueue", "/dev/nvidia*", "/dev/dri", "/dev/kfd", "/dev/accel*",
)  # fmt: skip
# Each step of Landlock: the ABI that brought it, what it gives, and what happens without it.
WRITES, TRUNCATES, PORTS, SCOPES = 2, 3, 4, 6
STEPS = {
    WRITES: ("files", "files can be written and read anywhere (ABI 1 would refuse every rename between folders)"),
    TRUNCATES: ("truncation", "a file outside the writable folders can still be emptied by its path"),
    PORTS: ("TCP ports", "native code reaches any TCP port"),
    SCOPES: ("signals and abstract sockets", "native code can signal processes of its user outside the run"),
}
MOST_LAYERS = "sixteen layers of Landlock are over this process already"


def wanted(ceiling):
    """Return the steps that a Ceiling asks for."""
    steps = []
    if ceiling.writable is not None:
        steps += [WRITES, TRUNCATES]
    elif ceiling.hidden is not None:
        steps.append(WRITES)
    if ceiling.connect is not None or ceiling.listen is not None:
        steps.append(PORTS)
    if not ceiling.signal or not ceiling.abstract:
        steps.append(SCOPES)
    return steps


def missing(ceiling, abi):
    """Return, for each step that a kernel of this ABI doesn't have, a text that says what that costs."""
    return tuple(f"landlock: {STEPS[step][0]} need ABI {step}, this kernel has {abi}: {STEPS[step][1]}" for step in wanted(ceiling) if step > abi)


def restrict(ceiling, abi, own=()):
    """Hold the calling thread, and what it starts, to a Ceiling; `own` are folders that the guard itself writes.

    Returns whether there was anything to hold. Raises OSError where the kernel doesn't take it.
    """
    steps = [step for step in wanted(ceiling) if step <= abi]
    if not steps:
        return False
    rights, ports, scopes = _handled(ceiling, steps)
    ruleset = _calls().create_ruleset(struct.pack("=QQQ", rights, ports, scopes)[: _size(abi)])
    try:
        if rights:
            # Unless moving is allowed at the root, every rename between two folders fails; what the two ends need is
            # asked for all the same.
            _allow(ruleset, "/", REFER)
        if ceiling.writable is not None and rights:
            _allow_writes(ruleset, rights & ~READ_FILE, (*ceiling.writable, *own))
        if ceiling.hidden is not None and rights:
            for path in (*secrets.beside(ceiling.hidden), *own):
                _allow(ruleset, path, READ_FILE)
        _allow_ports(ruleset, CONNECT & ports, ceiling.connect or ())
        _allow_ports(ruleset, BIND & ports, ceiling.listen or ())
        _calls().restrict_self(ruleset)
    except OSError as error:
        if error.errno == errno.E2BIG:
            raise OSError(error.errno, MOST_LAYERS) from error
        raise
    finally:
        os.close(ruleset)
    return True


def _handled(ceiling, steps):
    """Return what is refused unless a rule allows it: (rights to files, rights to ports, scopes)."""
    rights = ports = scopes = 0
    if WRITES in steps:
        rights = REFER | (WRITE if ceiling.writable is not None else 0) | (READ_FILE if ceiling.hidden is not None else 0)
    rights |= TRUNCATE if TRUNCATES in steps else 0
    if PORTS in steps:
        ports = (CONNECT if ceiling.connect is not None else 0) | (BIND if ceiling.listen is not None else 0)
    if SCOPES in steps:
        scopes = (0 if ceiling.signal else SIGNALS) | (0 if ceiling.abstract else ABSTRACT_SOCKETS)
    return rights, ports, scopes


def _size(abi):
    """Return how much of the attributes a kernel knows."""
    return 8 if abi < PORTS else 16 if abi < SCOPES else 24


def _allow_writes(ruleset, rights, folders):
    devices = [path for pattern in DEVICES for path in glob.glob(pattern)]
    for path in dict.fromkeys((*folders, *devices)):
        _allow(ruleset, path, rights)


def _allow(ruleset, path, rights):
    try:
        fd = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        # What isn't there can't be named; where it is made later, the folder above decides.
        return
    try:
        if not stat.S_ISDIR(os.fstat(fd).st_mode):
            rights &= READ_FILE | WRITE_FILE | TRUNCATE
        _calls().allow_beneath(ruleset, fd, rights)
    finally:
        os.close(fd)


def _allow_ports(ruleset, right, ports):
    for port in ports if right else ():
        _calls().allow_port(ruleset, port, right)


def _calls():
    """Return the system calls: who only plans, as every start does, doesn't load ctypes for them."""
    from importguard.kernel import syscalls_unsafe

    return syscalls_unsafe
