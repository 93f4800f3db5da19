"""The seccomp programs that are committed: what they refuse, held against libseccomp and against their own source."""

import errno
import importlib.util
from importlib.machinery import SourceFileLoader
from pathlib import Path

import bpf
import pytest

from importguard.kernel import machine, refused

TOOL = Path(__file__).parents[2] / "tools" / "filters"
EPERM = bpf.ERRNO | errno.EPERM
ENOSYS = bpf.ERRNO | errno.ENOSYS
ARCHES = {"x86_64": (bpf.X86_64, bpf.I386), "aarch64": (bpf.AARCH64, bpf.ARM)}
# Of x86_64: `unistd_64.h`.
SOCKET, SENDTO, PRCTL, PTRACE, EXECVE, READ, MOUNT, IO_URING_SETUP = 41, 44, 157, 101, 59, 0, 165, 425
UPPER_HALF = 1 << 32


def program(piece, kind="x86_64"):
    return machine.program(piece, kind)


@pytest.fixture(scope="module")
def tool():
    """The generator; it needs pyseccomp, and that libseccomp."""
    try:
        import pyseccomp  # noqa: F401
    except (ImportError, RuntimeError) as error:
        pytest.skip(f"needs pyseccomp and libseccomp2: {error}")
    loader = SourceFileLoader("filters", str(TOOL))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("filters", loader))
    loader.exec_module(module)
    return module


@pytest.mark.parametrize("kind", ARCHES)
@pytest.mark.parametrize("piece", refused.PIECES)
def test_what_is_committed_answers_as_libseccomp_makes_it(tool, piece, kind):
    """Every system call, with and without an upper half in its first arguments, gets the same answer from both."""
    made, committed = tool.build(piece, kind), program(piece, kind)
    if made == committed:
        return
    values = sorted({value for _name, conditions in refused.rules(piece) for _at, _mask, value in conditions} | {0, 1, 2})
    for arch in (*ARCHES[kind], 0x1234):
        for number in (*range(600), bpf.X32, bpf.X32 + SOCKET):
            for first in values:
                for second in (first, 0, UPPER_HALF | first):
                    words = (first, second, second, second)
                    assert bpf.answer(made, arch, number, *words) == bpf.answer(committed, arch, number, *words)


@pytest.mark.parametrize(
    ("piece", "call", "arguments"),
    [
        ("seal", PTRACE, ()),
        ("seal", IO_URING_SETUP, ()),
        ("seal", SOCKET, (17, 3, 0)),
        ("seal", SOCKET, (UPPER_HALF | 17, 3, 0)),
        ("mounts", MOUNT, ()),
        ("programs", EXECVE, ()),
        ("internet", SOCKET, (UPPER_HALF | 2, 1, 0)),
        ("datagrams", SOCKET, (10, 2 | 0o2004000, 0)),
        ("datagrams", SOCKET, (2, UPPER_HALF | 2, 0)),
        ("ports", SOCKET, (2, 1, 262)),
        ("ports", SOCKET, (2, 1, UPPER_HALF | 262)),
        ("ports", SOCKET, (2, 5, 0)),
        ("ports", SENDTO, (3, 0, 0, 0x20000000 | 0x4000)),
    ],
)
def test_what_a_piece_is_for_is_refused(piece, call, arguments):
    """An upper half that is set by hand, or a flag beside what is looked for, gets nobody past."""
    assert bpf.answer(program(piece), bpf.X86_64, call, *arguments) == EPERM


@pytest.mark.parametrize(
    ("piece", "call", "arguments"),
    [
        ("seal", READ, ()),
        ("seal", EXECVE, ()),
        ("seal", MOUNT, ()),
        *(("seal", SOCKET, (family, 1, 0)) for family in (1, 2, 10, 16, 29, 31, 40)),
        ("datagrams", SOCKET, (2, 1 | 0o2004000, 0)),
        ("datagrams", SOCKET, (1, 2, 0)),
        ("ports", SOCKET, (2, 1, 6)),
        ("ports", SENDTO, (3, 0, 0, 0x4000)),
    ],
)
def test_what_is_not_meant_passes(piece, call, arguments):
    """A piece refuses what it names and nothing beside it."""
    assert bpf.answer(program(piece), bpf.X86_64, call, *arguments) == bpf.ALLOW


@pytest.mark.parametrize("piece", refused.PIECES)
def test_every_piece_says_that_it_is_there(piece):
    """Each answers its own mark, and no other's."""
    for at, other in enumerate(refused.PIECES):
        expected = bpf.ERRNO | refused.HELD if other == piece else bpf.ALLOW
        assert bpf.answer(program(piece), bpf.X86_64, PRCTL, refused.MARK + at) == expected


def test_a_call_of_another_kind_is_answered_as_if_there_were_none():
    """x32 and unknown machines get ENOSYS; 32-bit programs are held to the same rules as others."""
    seal = program("seal")

    assert bpf.answer(seal, bpf.X86_64, bpf.X32 + READ) == ENOSYS
    assert bpf.answer(seal, bpf.AARCH64, READ) == ENOSYS
    assert bpf.answer(seal, bpf.I386, 26) == EPERM  # ptrace there
    assert bpf.answer(seal, bpf.I386, 3) == bpf.ALLOW  # read there


@pytest.mark.parametrize("kind", ARCHES)
@pytest.mark.parametrize("piece", refused.PIECES)
def test_programs_are_small_enough_for_the_kernel(piece, kind):
    """Whole instructions, far below the 4,096 that the kernel takes; none is missing for a machine."""
    size, rest = divmod(len(program(piece, kind)), 8)

    assert rest == 0 and 4 < size < 512
