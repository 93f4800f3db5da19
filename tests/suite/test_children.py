"""What the processes below a suite are refused is read from files that they could put anything in the place of."""

import os
import threading

import pytest

from importguard.suite import children


@pytest.fixture
def below():
    made = children.Children()
    yield made
    made.end()


def taken(below):
    """Return what is new, or fail where the look waits for somebody."""
    found = []
    looking = threading.Thread(target=lambda: found.append(below.refused()), daemon=True)
    looking.start()
    looking.join(10)
    assert not looking.is_alive(), "pytest would hang"
    return found[0]


def test_pipe_in_the_place_of_a_childs_file_makes_nobody_wait(below):
    """A child that replaces the file by a pipe that nobody writes to keeps no test from its report."""
    file = below.file_of("test_it.py::test_starts_child")
    other = below.file_of("test_it.py::test_next")
    os.mkfifo(file)
    with open(other, "w") as written:
        written.write('{"v":1,"event":"decision","verdict":"deny"}\n')

    found = taken(below)

    assert [place for place, _record in found] in ([], ["test_it.py::test_next"])
    assert taken(below) == []


def test_device_in_the_place_of_a_childs_file_is_none(below):
    """A link to a device that never ends is not read."""
    os.symlink("/dev/zero", below.file_of("test_it.py::test_starts_child"))

    assert taken(below) == []
