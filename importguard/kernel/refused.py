"""What each kernel filter refuses, or asks the supervisor about, and why: tools/filters makes the programs in filters/ of it."""

# A process asks whether a filter is over it by prctl(MARK + its place in PIECES): the answer is this error, and EINVAL
# where it isn't.
MARK = 0x49470000
HELD = 131  # ENOTRECOVERABLE: prctl has no use for it
PIECES = ("seal", "mounts", "programs", "ports", "datagrams", "internet", "calls", "sockets")
ASKING = ("calls", "sockets")  # rung 2, where descriptors of others can be had, and where they can't

# Rung 0. Nothing that ordinary programs use: forty workloads and the tests hold that.
SEAL = {
    "other processes": "ptrace process_vm_readv process_vm_writev kcmp pidfd_getfd process_madvise",
    "the kernel's own code": "bpf kexec_load kexec_file_load init_module finit_module delete_module perf_event_open lookup_dcookie",
    "faults in user space, which exploits of the kernel wait for": "userfaultfd",
    "keys of the session": "keyctl add_key request_key",
    "system calls that no filter sees": "io_uring_setup io_uring_enter io_uring_register",
    "the machine itself": "acct quotactl quotactl_fd settimeofday clock_settime reboot sethostname setdomainname syslog iopl "
    "ioperm vhangup nfsservctl uselib ustat sysfs modify_ldt swapon swapoff open_by_handle_at",
}
# What a program types into its own terminal, which whoever reads from there afterwards takes for its user's words.
TYPING = {"TIOCSTI": 0x5412, "TIOCLINUX": 0x541C}  # requests of ioctl
# Under the preset `strict` alone: the sandbox of Chromium and its like make namespaces, and some installers mount.
MOUNTS = {
    "mounts": "mount umount2 pivot_root chroot move_mount open_tree fsopen fsconfig fsmount fspick mount_setattr",
    "namespaces": "unshare setns",
}
# Raw packets, and protocols that serve no program but attack much kernel. CAN, Bluetooth and VSOCK serve some, and stay.
FAMILIES = {
    "PACKET": 17, "KEY": 15, "AX25": 3, "IPX": 4, "APPLETALK": 5, "NETROM": 6, "ATMPVC": 8, "X25": 9, "ROSE": 11,
    "DECNET": 12, "ASH": 18, "ECONET": 19, "ATMSVC": 20, "RDS": 21, "IRDA": 23, "PPPOX": 24, "LLC": 26, "IB": 27,
    "MPLS": 28, "TIPC": 30, "IUCV": 32, "RXRPC": 33, "ISDN": 34, "PHONET": 35, "IEEE802154": 36, "CAIF": 37, "ALG": 38,
    "NFC": 39, "KCM": 41, "QIPCRTR": 42, "SMC": 43, "XDP": 44, "MCTP": 45,
}  # fmt: skip

# Rung 1: what Landlock doesn't see.
PROGRAMS = "execve execveat"
INTERNET = {"INET": 2, "INET6": 10}
DATAGRAM, RAW, SEQUENCED = 2, 3, 5
TYPE = 0xF  # the part of a socket's type that is no flag
# TCP in all but name, which Landlock's ports don't hold for.
PROTOCOLS = {"MPTCP": 262, "SCTP": 132, "DCCP": 33}
FAST_OPEN = 0x20000000  # MSG_FASTOPEN: a connection that is made by sending
WHOLE = 0xFFFFFFFF
# What asks, whatever its arguments. Data on a connection doesn't: send() is a sendto() without an address.
CALLS = "connect bind listen sendmsg sendmmsg execve execveat"
# The sockets that the supervisor makes for who is being imported, so as to have a copy of each.
COPIED = {"UNIX": 1, "INET": 2, "INET6": 10, "NETLINK": 16}
ADDRESS = 4  # the argument of sendto that has one
SENDTO = 11  # among the calls that 32-bit programs make through socketcall, whose arguments no filter sees


def rules(piece):
    """Yield (system call, conditions) of what a piece refuses or asks about; a condition is (argument, mask, value), where a
    mask of None stands for any other value.

    Every other comparison is masked: the kernel looks at 32 bits of these arguments, and an upper half that is set by hand
    would get past a plain one.
    """
    yield "prctl", ((0, WHOLE, MARK + PIECES.index(piece)),)
    yield from _RULES[piece]()


def _seal():
    yield from _names(SEAL)
    for family in FAMILIES.values():
        yield "socket", ((0, WHOLE, family),)
    for request in TYPING.values():
        yield "ioctl", ((1, WHOLE, request),)


def _mounts():
    yield from _names(MOUNTS)


def _programs():
    yield from ((name, ()) for name in PROGRAMS.split())


def _ports():
    for family in INTERNET.values():
        for protocol in PROTOCOLS.values():
            yield "socket", ((0, WHOLE, family), (2, WHOLE, protocol))
        for kind in (RAW, SEQUENCED):
            yield "socket", ((0, WHOLE, family), (1, TYPE, kind))
    for call, argument in (("sendto", 3), ("sendmsg", 2), ("sendmmsg", 3)):
        yield call, ((argument, FAST_OPEN, FAST_OPEN),)


def _datagrams():
    for family in INTERNET.values():
        yield "socket", ((0, WHOLE, family), (1, TYPE, DATAGRAM))


def _internet():
    for family in INTERNET.values():
        yield "socket", ((0, WHOLE, family),)


def _calls():
    yield from ((name, ()) for name in CALLS.split())
    yield "sendto", ((ADDRESS, None, 0),)
    yield "socketcall", ((0, WHOLE, SENDTO),)


def _sockets():
    yield from _calls()
    for family in COPIED.values():
        yield "socket", ((0, WHOLE, family),)


def _names(groups):
    return ((name, ()) for names in groups.values() for name in names.split())


_RULES = {
    "seal": _seal,
    "mounts": _mounts,
    "programs": _programs,
    "ports": _ports,
    "datagrams": _datagrams,
    "internet": _internet,
    "calls": _calls,
    "sockets": _sockets,
}
