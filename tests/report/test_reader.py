"""Reading the records pipe: whatever a hostile process writes there becomes a record, never an exception."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from importguard.report.reader import MOST_BYTES, Reader

DECISION = {
    "v": 1, "event": "decision", "pid": 7, "verdict": "deny", "capability": "net.connect", "target": "127.0.0.1:80",
    "owner": {"name": "evil", "version": "1", "kind": "distribution"}, "via": [], "stack": [],
}  # fmt: skip
HOSTILE = {
    "no JSON": b"garbage",
    "control characters": b"\x1b]0;owned\x07\x00",
    "no UTF-8": b"\xff\xfe{}",
    "deep nesting": b"[" * 4000,
    "a huge number": b'{"v": 1' + b"0" * 4000 + b"}",
    "not a number": b'{"v": 1, "event": "armed", "pid": NaN}',
    "no object": b"[1, 2]",
    "another version": b'{"v": 2, "event": "armed"}',
    "an event of the supervisor's own": b'{"v": 1, "event": "exit", "status": 0}',
    "an event that is a list": b'{"v": 1, "event": ["armed"]}',
    "a decision without a verdict": b'{"v": 1, "event": "decision"}',
    "a verdict that nobody knows": json.dumps({**DECISION, "verdict": "bless"}).encode(),
    "an owner that is text": json.dumps({**DECISION, "owner": "evil"}).encode(),
    "arguments that are numbers": json.dumps({**DECISION, "argv": [1]}).encode(),
    "arguments of a process that are numbers": b'{"v": 1, "event": "armed", "argv": [1]}',
    "a reason that is a list": b'{"v": 1, "event": "tamper", "reason": ["x"]}',
    "an owner without a name": json.dumps({**DECISION, "owner": {"kind": "app"}}).encode(),
    "deep nesting within a record": b'{"v": 1, "event": "armed", "x": ' + b"[" * 1900 + b"]" * 1900 + b"}",
    "a stack of texts": json.dumps({**DECISION, "stack": ["x"]}).encode(),
    "a count that is text": json.dumps({**DECISION, "count": "9"}).encode(),
    "no target": json.dumps({key: value for key, value in DECISION.items() if key != "target"}).encode(),
}


@pytest.mark.parametrize("line", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_line_becomes_one_tamper_record(line):
    """A line that is no record is kept, escaped, under the reason why it is none."""
    (record,) = Reader().feed(line + b"\n")

    assert record["event"] == "tamper"
    assert record["reason"].startswith("unreadable record: ")
    assert record["line"].isascii() and record["line"].isprintable()


def test_a_line_in_pieces_is_one_record():
    """Where a read ends says nothing about where a line does."""
    reader, line = Reader(), json.dumps(DECISION).encode() + b"\n"

    found = [reader.feed(line[at : at + 1]) for at in range(len(line))]

    assert [record for records in found for record in records] == [DECISION]


def test_a_line_without_an_end_is_reported_once_and_skipped():
    """A line longer than a record can be takes no memory, and the next one is read as usual."""
    reader = Reader()

    records = [record for _ in range(50) for record in reader.feed(b"x" * MOST_BYTES)]
    records += reader.feed(b"\n" + json.dumps(DECISION).encode() + b"\n")

    assert [record["event"] for record in records] == ["tamper", "decision"]


def test_a_last_line_that_is_cut_off_is_reported():
    """Half a record at the end is not lost without a word."""
    reader = Reader()
    reader.feed(b'{"v": 1, "ev')

    (record,) = reader.end()

    assert record["reason"] == "unreadable record: cut off"


@given(st.lists(st.binary(max_size=200), max_size=20))
def test_any_bytes_give_records(blocks):
    """No input raises, and everything that comes out is a record of version 1."""
    reader = Reader()

    records = [record for block in blocks for record in reader.feed(block)] + reader.end()

    assert all(record["v"] == 1 and "event" in record for record in records)
