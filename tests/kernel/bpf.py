"""A small machine for classic BPF: what a seccomp program answers to one system call, without loading it."""

import struct

ALLOW, ERRNO = 0x7FFF0000, 0x00050000
X86_64, I386, AARCH64, ARM = 0xC000003E, 0x40000003, 0xC00000B7, 0x40000028
X32 = 0x40000000
LOAD, RETURN, AND = 0x20, 0x06, 0x54
JUMPS = {0x05: None, 0x15: lambda a, k: a == k, 0x25: lambda a, k: a > k, 0x35: lambda a, k: a >= k, 0x45: lambda a, k: bool(a & k)}


def answer(program, arch, number, *arguments):
    """Return what a program answers: ALLOW, or ERRNO with the number of an error."""
    words = [*arguments, *[0] * (6 - len(arguments))]
    data = struct.pack("<IIQ6Q", number & 0xFFFFFFFF, arch, 0, *words)
    instructions = list(struct.iter_unpack("<HBBI", program))
    at, value = 0, 0
    while True:
        code, then, other, constant = instructions[at]
        at += 1
        if code == LOAD:
            [value] = struct.unpack_from("<I", data, constant)
        elif code == AND:
            value &= constant
        elif code == RETURN:
            return constant
        elif code == 0x05:
            at += constant
        else:
            at += then if JUMPS[code](value, constant) else other
