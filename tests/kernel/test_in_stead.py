"""What the supervisor does in a caller's stead: who asks for nonsense gets an error at once, and costs nothing."""

import errno
import os
import socket

import pytest

from importguard.kernel import notify
from importguard.notified import stead
from importguard.notified.wanted import INET6, Wanted


def call(fd):
    return notify.Call(id=1, thread=os.getpid(), name="connect", words=(fd, 0, 0, 0, 0, 0))


def test_a_file_is_no_socket_and_is_not_kept(tmp_path):
    """Else a loop of these has the supervisor run out of descriptors."""
    with open(tmp_path / "file", "w") as file:
        before = os.listdir("/proc/self/fd")
        with pytest.raises(OSError, match="socket") as caught:
            stead._from_its_process(call(file.fileno()), 0)

        assert caught.value.errno == errno.ENOTSOCK
        assert os.listdir("/proc/self/fd") == before


def test_an_address_of_another_family_is_answered(monkeypatch):
    """Who isn't answered waits for ever."""
    answers = []
    monkeypatch.setattr(notify, "answer", lambda listener, call, value=0, problem=0: answers.append((value, problem)))
    ours = socket.socket(socket.AF_INET)
    one = Wanted("net.connect", "[::1]:9", INET6, bytes(28))

    stead._do(0, call(ours.fileno()), (one,), ours, (), lambda *_: None)

    assert answers == [(0, errno.EAFNOSUPPORT)]
