"""`beneath.py ERRNO CALL,CALL... COMMAND...` runs a command whose kernel doesn't have some system calls: each fails so.

`beneath.py layers N COMMAND...` runs one over which lie N layers of Landlock already, `beneath.py listener NAME COMMAND...`
one that somebody else listens to, who never hears anything.
"""

import errno
import os
import struct
import sys

from importguard.kernel import landlock, syscalls_unsafe

TRACING = {"x86_64": (101, 310, 311), "aarch64": (117, 270, 271)}[os.uname().machine]
NUMBERS = {
    "seccomp": syscalls_unsafe.NUMBERS_OF_SECCOMP[os.uname().machine], "landlock_create_ruleset": 444,
    "landlock_restrict_self": 446, "pidfd_getfd": syscalls_unsafe.PIDFD_GETFD,
    **dict(zip(("ptrace", "process_vm_readv", "process_vm_writev"), TRACING, strict=True)),
}  # fmt: skip
LOAD, EQUALS, RETURN = 0x20, 0x15, 0x06
ALLOW, ERRNO = 0x7FFF0000, 0x00050000


def program(numbers, problem):
    """Return a filter that answers some system calls with an error."""
    instructions = [(LOAD, 0, 0, 0)]
    for number in numbers:
        instructions += [(EQUALS, 0, 1, number), (RETURN, 0, 0, ERRNO | problem)]
    instructions.append((RETURN, 0, 0, ALLOW))
    return b"".join(struct.pack("<HBBI", *instruction) for instruction in instructions)


def main(what, which, command):
    syscalls_unsafe.promise_no_new_privileges()
    if what == "layers":
        for _ in range(int(which)):
            ruleset = syscalls_unsafe.create_ruleset(struct.pack("=QQQ", 0, landlock.BIND, 0))
            syscalls_unsafe.allow_port(ruleset, 1, landlock.BIND)
            syscalls_unsafe.restrict_self(ruleset)
            os.close(ruleset)
    elif what == "listener":
        os.set_inheritable(syscalls_unsafe.load_asking_filter(program([], 0)), True)
    else:
        syscalls_unsafe.load_filter(program([NUMBERS[name] for name in which.split(",")], getattr(errno, what)))
    os.execv(command[0], command)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3:])
