"""Audit events: every one that CPython raises is known, and those that matter say what they ask for."""

import os
import pathlib
import re
import sysconfig

import pytest

from importguard.core import events, ignored

HERE = pathlib.Path(__file__).parent
RAISED_IN_PYTHON = re.compile(r"""\b(?:sys\.|_)?audit\(\s*['"]([\w./]+)['"]""")


def known_to_the_sources():
    lines = (HERE / "audit_events.txt").read_text().splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def raised_by_this_library():
    folder = pathlib.Path(sysconfig.get_path("stdlib"))
    found = set()
    for path in folder.rglob("*.py"):
        if {"site-packages", "test", "tests", "idlelib"}.isdisjoint(path.parts):
            found.update(RAISED_IN_PYTHON.findall(path.read_text("utf-8", "replace")))
    return found


@pytest.mark.parametrize("event", known_to_the_sources())
def test_an_event_of_the_sources_is_classified(event):
    """Each audit event in the sources of the supported versions is read or ignored for a stated reason."""
    assert ignored.is_classified(event)


def test_the_events_of_this_standard_library_are_classified():
    """What the running version's own library raises is known, in later versions too."""
    found = raised_by_this_library()

    assert len(found) >= 30
    assert sorted(event for event in found if not ignored.is_classified(event)) == []


def test_an_unheard_of_event_is_not_classified():
    """The question can be answered with no."""
    assert not ignored.is_classified("some.new_event")


@pytest.mark.parametrize(
    ("flags", "asked"),
    [
        (os.O_RDONLY, ["fs.read"]),
        (os.O_RDONLY | os.O_CLOEXEC, ["fs.read"]),
        (os.O_WRONLY | os.O_CREAT, ["fs.write"]),
        (os.O_RDWR, ["fs.read", "fs.write"]),
        (os.O_RDONLY | os.O_TRUNC, ["fs.read", "fs.write"]),
        (os.O_PATH, []),
    ],
)
def test_open_asks_for_what_its_flags_say(tmp_path, flags, asked):
    """Reading and writing are told apart by the flags, which can't lie; a mode string can."""
    file = tmp_path / "file"

    found = events.read_open((str(file), None, flags))

    assert [(capability, target) for capability, target, _ in found] == [(name, str(file)) for name in asked]


def test_a_link_is_opened_as_what_it_points_to(tmp_path):
    """A symbolic link in front of a file doesn't change what is asked for."""
    (tmp_path / "secret").write_text("x")
    (tmp_path / "link").symlink_to("secret")

    [(_, target, _)] = events.read_open((str(tmp_path / "link"), "r", os.O_RDONLY))

    assert target == str(tmp_path / "secret")


def test_a_hard_link_asks_to_read_and_to_write_what_it_names(tmp_path):
    """A second name for a file is a way to read it, and to change it."""
    found = events.READERS["os.link"][0]((str(tmp_path / "a"), str(tmp_path / "b"), -1, -1))

    assert [(capability, target) for capability, target, _ in found] == [
        ("fs.read", str(tmp_path / "a")),
        ("fs.write", str(tmp_path / "a")),
        ("fs.write", str(tmp_path / "b")),
    ]


@pytest.mark.parametrize(
    ("address", "text"),
    [
        (("127.0.0.1", 80), "127.0.0.1:80"),
        (("", 0), "0.0.0.0:0"),
        (("::1", 80, 0, 0), "[::1]:80"),
        (("fe80::1%eth0", 80, 0, 2), "[fe80::1]:80"),
        (("name.example", 443), "name.example:443"),
        ((b"127.0.0.1", 80), "127.0.0.1:80"),
        ("/run/x.sock", "unix:/run/x.sock"),
        (b"\0abstract", "unix:@abstract"),
        ((123, 0), None),
        (None, None),
    ],
)
def test_an_address_reads_as_the_contract_writes_it(address, text):
    """Host and port, brackets around IPv6, unix: before a path; netlink and the like are none."""
    assert events.address_text(address) == text
