"""What the C core has sealed stays as it is, whoever writes to its address."""

import subprocess
import sys

import pytest

pytest.importorskip("importguard.core.ccore", reason="this build has no C core")

PROLOGUE = """
import ctypes, os, resource, sys
from importguard.core import ccore
TEXT = b"sealed" * 2000
libc = ctypes.CDLL(None, use_errno=True)
class Vector(ctypes.Structure):
    _fields_ = [("start", ctypes.c_void_p), ("size", ctypes.c_size_t)]
def through_proc(address):
    with open("/proc/self/mem", "r+b", buffering=0) as memory:
        memory.seek(address)
        memory.write(b"owned!")
def through_the_mapped_file(address):
    line = next(line for line in open("/proc/self/maps") if line.startswith(f"{address:x}-"))
    with open("/proc/self/map_files/" + line.split()[0], "r+b", buffering=0) as file:
        file.write(b"owned!")
def through_mprotect(address):
    if libc.mprotect(ctypes.c_void_p(address), 4096, 3) == 0:
        ctypes.memmove(address, b"owned!", 6)
def through_process_vm_writev(address):
    given = ctypes.create_string_buffer(b"owned!")
    libc.process_vm_writev(os.getpid(), ctypes.byref(Vector(ctypes.addressof(given), 6)), 1, ctypes.byref(Vector(address, 6)), 1, 0)
def through_a_new_mapping(address):
    libc.mmap.restype = ctypes.c_void_p
    libc.mmap.argtypes = (ctypes.c_void_p, ctypes.c_size_t, *[ctypes.c_int] * 3, ctypes.c_long)
    if libc.mmap(address, 4096, 3, 0x32, -1, 0) == address:
        ctypes.memmove(address, b"owned!", 6)
def through_unmapping(address):
    if libc.munmap(ctypes.c_void_p(address), ctypes.c_size_t(4096)) == 0:
        through_a_new_mapping(address)
def attempt(way):
    copy, page, holds, pinned = ccore.twin_seal(TEXT)
    for address in (copy, page):
        try:
            way(address)
        except OSError:
            pass
        print(ctypes.string_at(address, 6).decode(), holds, pinned)
"""
WAYS = ["through_proc", "through_the_mapped_file", "through_mprotect", "through_process_vm_writev"]
WAYS_ROUND = ["through_a_new_mapping", "through_unmapping"]


def run(code):
    """Return what a fresh interpreter prints for each of the two places that are sealed: content, what holds, is it pinned."""
    done = subprocess.run([sys.executable, "-c", PROLOGUE + code], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return [line.split() for line in done.stdout.splitlines()]


@pytest.mark.parametrize("way", WAYS)
def test_a_sealed_page_takes_no_write(way):
    """Neither /proc/self/mem, which writes to other read-only pages, nor any other way changes a sealed page."""
    found = run(f"attempt({way})")

    assert [content for content, _, _ in found] == ["sealed"] * 2
    assert {holds for _, holds, _ in found} == {"sealed"}


@pytest.mark.parametrize("way", WAYS_ROUND)
def test_a_pinned_page_stays_where_it_is(way):
    """No other page takes the place of one that is pinned."""
    if run("attempt(int)")[0][2] != "True":
        pytest.skip("this kernel has no mseal")

    assert [content for content, _, _ in run(f"attempt({way})")] == ["sealed"] * 2


def test_where_no_file_can_be_sealed():
    """Where the kernel gives no file in memory, the pages are read-only, and the core says that this is less."""
    found = run("resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))\nattempt(int)")

    assert [(content, holds) for content, holds, _ in found] == [("sealed", "read-only")] * 2


def test_a_child_process_has_what_was_sealed():
    """After a fork the content is there, and sealed still."""
    code = """
copy, page, holds, pinned = ccore.twin_seal(TEXT)
child = os.fork()
if child == 0:
    try:
        through_proc(copy)
    except OSError:
        print(ctypes.string_at(copy, 6).decode(), holds, pinned, flush=True)
    os._exit(0)
os.waitpid(child, 0)
"""
    assert [content for content, _, _ in run(code)] == ["sealed"]
