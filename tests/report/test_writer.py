"""Writing records: failures are counted, never raised, and never tear the next line."""

import json
import os

import pytest

from importguard.errors import CannotArm
from importguard.report.writer import Writer, open_writer

RECORD = {"v": 1, "event": "armed", "argv": ["\ud800", "é\x1b"]}


def test_records_are_ascii_lines(tmp_path):
    """Whatever bytes a name holds, the file is lines of ASCII JSON that give it back."""
    target = tmp_path / "records.jsonl"

    open_writer(str(target)).write(RECORD)

    assert json.loads(target.read_text("ascii")) == RECORD


def test_records_are_appended(tmp_path):
    """An earlier run's records stay."""
    target = tmp_path / "records.jsonl"
    target.write_text("earlier\n")

    open_writer(str(target)).write(RECORD)

    assert target.read_text().startswith("earlier\n{")


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full, a disk that is always full")
def test_a_full_disk_is_counted():
    """Each record that couldn't be written is counted, and the reason is kept."""
    writer = open_writer("/dev/full")

    writer.write(RECORD)
    writer.write(RECORD)

    assert (writer.lost, writer.problem) == (2, "No space left on device")


def test_a_line_that_was_torn_does_not_spoil_the_next():
    """After half a line the next record begins on a line of its own."""
    reader, fd = os.pipe()
    writer = Writer(fd, "pipe")
    writer._torn = True

    writer.write({"v": 1})

    assert os.read(reader, 100) == b'\n{"v":1}\n'


def test_a_reader_that_has_gone_is_counted():
    """A closed pipe doesn't end the supervisor."""
    reader, fd = os.pipe()
    os.close(reader)
    writer = Writer(fd, "pipe")

    writer.write({"v": 1})

    assert writer.lost == 1


@pytest.mark.parametrize("target", ["/nowhere/at/all/records", "/", "fd:999", "fd:x", "fd:1"])
def test_a_target_that_cannot_be_opened_is_refused(target):
    """Nothing starts when its records would go nowhere; standard output is never a target."""
    with pytest.raises(CannotArm, match="can't write records"):
        open_writer(target)
