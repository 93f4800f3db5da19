"""The system calls that Python doesn't offer, made through ctypes; nothing else in importguard touches ctypes.

They run in the launcher: what a guarded process itself has to call goes through the core in C.
"""

import ctypes
import errno
import os
import struct

# <linux/prctl.h>
PR_GET_SECCOMP = 21
PR_SET_CHILD_SUBREAPER = 36
PR_SET_NO_NEW_PRIVS = 38
# <linux/seccomp.h>
SECCOMP_SET_MODE_FILTER = 1
# Linux 4.17. Before 5.16 a filter slows the whole process down without it: who is filtered is taken for somebody else's code
# that spies on its own process, and what is guarded here may read all of its memory as it is.
SECCOMP_FILTER_FLAG_SPEC_ALLOW = 4
SECCOMP_FILTER_FLAG_NEW_LISTENER = 8
SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV = 32  # Linux 5.19
INSTRUCTION = 8
NUMBERS_OF_SECCOMP = {"x86_64": 317, "aarch64": 277}
PIDFD_GETFD = 438  # the same number on every machine
# <linux/landlock.h>; the same numbers on every machine.
LANDLOCK_CREATE_RULESET, LANDLOCK_ADD_RULE, LANDLOCK_RESTRICT_SELF = 444, 445, 446
LANDLOCK_CREATE_RULESET_VERSION = 1
LANDLOCK_RULE_PATH_BENEATH, LANDLOCK_RULE_NET_PORT = 1, 2


def become_subreaper():
    """Make this process inherit every descendant whose own parent ends; raises OSError where that can't be had."""
    _prctl(PR_SET_CHILD_SUBREAPER, 1)


def promise_no_new_privileges():
    """Give up, for this thread and what it starts, rights that a program would bring: filters need that promise."""
    _prctl(PR_SET_NO_NEW_PRIVS, 1)


def has_filters():
    """Say whether this kernel has seccomp."""
    try:
        return _prctl(PR_GET_SECCOMP, 0) >= 0
    except OSError:
        return False


def is_held(mark, answer):
    """Say whether a filter is over this thread that gives `answer` to a prctl called `mark`."""
    try:
        _prctl(mark, 0)
    except OSError as error:
        return error.errno == answer
    return False


def load_filter(program):
    """Put a seccomp program over this thread and what it starts; raises OSError where the kernel doesn't take it."""
    _load_filter(program, 0, SECCOMP_FILTER_FLAG_SPEC_ALLOW)


def load_asking_filter(program):
    """Put a seccomp program over this thread and what it starts, and return the descriptor that hears what it asks about.

    Raises OSError where the kernel doesn't take it: EBUSY where something else is listening already.
    """
    # Without the flag to be killable alone, a signal that has a handler ends the wait: a call fails that no signal interrupts
    # otherwise, and Python takes a connection that was never asked for to be made.
    hearing = SECCOMP_FILTER_FLAG_NEW_LISTENER
    return _load_filter(program, hearing, SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV, SECCOMP_FILTER_FLAG_SPEC_ALLOW)


def _load_filter(program, needed, *wished):
    """Load with all the flags; where the kernel doesn't know one, without the first that is merely wished, and so on."""
    size, rest = divmod(len(program), INSTRUCTION)
    number = NUMBERS_OF_SECCOMP.get(os.uname().machine)
    if rest or number is None:
        raise OSError("this program isn't made for this machine")
    instructions = ctypes.create_string_buffer(program, len(program))
    header = struct.pack("HxxxxxxP", size, ctypes.addressof(instructions))
    try:
        return _call(number, SECCOMP_SET_MODE_FILTER, needed | sum(wished), header)
    except OSError as error:
        if error.errno != errno.EINVAL or not wished:
            raise
    return _load_filter(program, needed, *wished[1:])


def take_descriptor(process, number):
    """Return a descriptor of our own for what `number` is in a process that a pidfd names; raises OSError where that is
    somebody else's, or not for us: in a container it takes the right to trace."""
    return _call(PIDFD_GETFD, process, number, 0)


def takes_descriptors():
    """Say whether this kernel, or what contains this process, has `take_descriptor`: by taking one of our own."""
    try:
        process = os.pidfd_open(os.getpid())
    except (OSError, AttributeError):
        return False
    try:
        os.close(take_descriptor(process, process))
    except OSError:
        return False
    finally:
        os.close(process)
    return True


def connect(fd, address):
    """Connect a socket to a `struct sockaddr`, as bytes."""
    return _checked(_function("connect", ctypes.c_int), ctypes.c_int(fd), address, ctypes.c_uint(len(address)))


def bind(fd, address):
    """Give a socket a name, a `struct sockaddr` as bytes."""
    return _checked(_function("bind", ctypes.c_int), ctypes.c_int(fd), address, ctypes.c_uint(len(address)))


def listen(fd, backlog):
    """Have a socket take connections; what `backlog` isn't sensible the kernel makes so."""
    return _checked(_function("listen", ctypes.c_int), ctypes.c_int(fd), ctypes.c_int(backlog))


def send(fd, data, flags, address):
    """Send bytes to a `struct sockaddr`, as bytes, or to where a socket is connected to (None); return how many went."""
    size = ctypes.c_size_t(len(data))
    to = (address, ctypes.c_uint(len(address))) if address else (None, ctypes.c_uint(0))
    return _checked(_function("sendto", ctypes.c_ssize_t), ctypes.c_int(fd), data, size, ctypes.c_int(flags), *to)


def landlock_abi():
    """Return which version of Landlock this kernel has, 0 for none."""
    try:
        return _call(LANDLOCK_CREATE_RULESET, None, 0, LANDLOCK_CREATE_RULESET_VERSION)
    except OSError:
        return 0


def create_ruleset(attributes):
    """Return the descriptor of a Landlock ruleset for `struct landlock_ruleset_attr`, as bytes."""
    return _call(LANDLOCK_CREATE_RULESET, attributes, len(attributes), 0)


def allow_beneath(ruleset, folder, rights):
    """Allow `rights` to what is below the file of a descriptor."""
    _call(LANDLOCK_ADD_RULE, ruleset, LANDLOCK_RULE_PATH_BENEATH, struct.pack("=Qi", rights, folder), 0)


def allow_port(ruleset, port, rights):
    """Allow `rights` to a TCP port."""
    _call(LANDLOCK_ADD_RULE, ruleset, LANDLOCK_RULE_NET_PORT, struct.pack("=QQ", rights, port), 0)


def restrict_self(ruleset):
    """Hold this thread, and what it starts, to a ruleset."""
    _call(LANDLOCK_RESTRICT_SELF, ruleset, 0)


def _call(number, *arguments):
    words = [ctypes.c_long(word) if isinstance(word, int) else word for word in arguments]
    return _checked(_function("syscall", ctypes.c_long), ctypes.c_long(number), *words)


def _prctl(option, value):
    return _checked(_function("prctl", ctypes.c_int), *map(ctypes.c_ulong, (option, value, 0, 0, 0)))


def _checked(function, *arguments):
    result = function(*arguments)
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return result


def _function(name, result):
    found = getattr(ctypes.CDLL(None, use_errno=True), name, None)
    if found is None:
        raise OSError(f"this platform has no {name}")
    found.restype = result
    return found
