"""What the processes below a suite are refused is read from files that they could put anything in the place of."""

import json
import os
import threading

import pytest

from importguard.suite import children


def line(target):
    """Return a refusal as a guarded process writes it."""
    owner = {"name": "acme", "version": "1", "kind": "distribution"}
    fields = {"id": "01", "time": "t", "pid": 1, "capability": "net.connect", "phase": "run", "layer": "audit", "rule": "r", "via": [], "stack": []}
    return json.dumps({"v": 1, "event": "decision", "verdict": "deny", "target": target, "owner": owner, "count": 1, **fields}) + "\n"


@pytest.fixture
def below():
    made = children.Children(lambda: "test_it.py::test_forks")
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
        written.write(line("127.0.0.1:80"))

    found = taken(below)

    assert [place for place, _record in found] == ["test_it.py::test_next"]
    assert taken(below) == []


def test_device_in_the_place_of_a_childs_file_is_none(below):
    """A link to a device that never ends is not read."""
    os.symlink("/dev/zero", below.file_of("test_it.py::test_starts_child"))

    assert taken(below) == []


def test_every_record_is_found_once_whenever_it_is_written(below):
    """New files, files that grow, and files that come in the same instant as a look: nothing is missed, nothing told twice."""
    files = [below.file_of(f"test_it.py::test_{number}") for number in range(40)]
    told = []
    for turn in range(3):
        for number, file in enumerate(files):
            with open(file, "a") as written:
                written.write(line(f"{number}.{turn}"))
            told += below.refused()

    assert len(told) == 120
    assert {place for place, _record in told} == {f"test_it.py::test_{number}" for number in range(40)}
    assert below.refused() == []


def test_only_who_has_started_something_is_looked_for(below):
    """A place counts once it is told to a child, or forks one; so no other test pays for a look."""
    assert below.started == set()

    below.know("test_it.py::test_quiet")
    below.file_of("test_it.py::test_starts_child")
    if os.fork() == 0:
        os._exit(0)
    os.wait()

    assert below.started == {"test_it.py::test_starts_child", "test_it.py::test_forks"}
