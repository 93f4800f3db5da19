"""The copies that the supervisor keeps of sockets: no more than it can, and no longer than anybody needs them."""

import os
import socket
import subprocess

import pytest

from importguard.notified.copies import MOST, Copies, Copy


@pytest.fixture
def kept():
    """Copies that have one of a socket which this process has open, and that socket."""
    found = Copies(is_over=lambda shown: shown == "over")
    with socket.socket() as ours:
        keep(found, ours, "going on")
        yield found, ours


def keep(copies, ours, shown, process=None):
    number = os.fstat(ours.fileno()).st_ino
    copies.kept[number] = Copy(os.dup(ours.fileno()), process or os.getpid(), shown)
    return copies.kept[number].fd


def is_open(fd):
    return os.path.exists(f"/proc/self/fd/{fd}")


def test_what_an_import_has_open_is_kept(kept):
    """And what is given out of it is a socket of its own."""
    copies, ours = kept

    copies.sweep()
    with copies.duplicate(os.fstat(ours.fileno()).st_ino) as given:
        assert os.fstat(given.fileno()).st_ino == os.fstat(ours.fileno()).st_ino
        assert given.fileno() != ours.fileno()
    assert copies.timeout() is not None


def test_what_was_closed_is_let_go(kept):
    """Else whoever is at its other end never hears of it."""
    copies, ours = kept
    with subprocess.Popen(["/bin/sleep", "60"]) as somebody, socket.socket() as other:  # who doesn't have it open
        fd = keep(copies, other, "going on", somebody.pid)
        copies.sweep()
        somebody.kill()
        assert not is_open(fd)

    assert list(copies.kept) == [os.fstat(ours.fileno()).st_ino]


def test_with_its_import_it_is_let_go(kept):
    """Nothing is done in anybody's stead then, and nobody has to look after it any more."""
    copies, ours = kept
    with socket.socket() as other:
        fd = keep(copies, other, "over")
        copies.sweep()
        assert not is_open(fd)
    copies.forget(os.fstat(ours.fileno()).st_ino)

    assert copies.timeout() is None


def test_a_process_that_has_gone_has_nothing_open(kept):
    """Its number in /proc leads nowhere."""
    copies, ours = kept
    child = os.fork()
    if child == 0:
        os._exit(0)
    os.waitpid(child, 0)
    number = os.fstat(ours.fileno()).st_ino
    copies.kept[number] = Copy(copies.kept[number].fd, child, "going on")

    copies.sweep()

    assert copies.kept == {}


def test_there_are_never_more_than_it_may_have():
    """Far fewer than descriptors, of which 1,024 are usual."""
    assert MOST <= 256
