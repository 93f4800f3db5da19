"""What people see of records on standard error."""

import io
import json

import pytest

from importguard.report.log import Log, is_worth_showing

DENIED = {
    "v": 1, "id": "01K", "event": "decision", "pid": 7, "verdict": "deny", "capability": "net.connect",
    "target": "evil\x1b[2J:80", "owner": {"name": "evil\u202e", "version": "1", "kind": "distribution"},
    "layer": "audit", "phase": "import",
    "rule": "preset", "via": [], "stack": [], "module": "evil", "count": 1,
}  # fmt: skip


class Terminal(io.StringIO):
    def isatty(self):
        return True


def shown(record, stream, **environment):
    Log({"TERM": "xterm", **environment}, stream).show(record)
    return stream.getvalue()


def test_without_a_terminal_a_record_is_one_json_line():
    """It can be parsed back to what was recorded, and holds no control character."""
    text = shown(DENIED, io.StringIO())

    assert json.loads(text) == DENIED
    assert text.count("\n") == 1 and text.strip().isprintable()


def test_a_terminal_gets_the_text_of_a_denial_in_colour():
    """Only importguard's own escape sequences reach the terminal."""
    text = shown(DENIED, Terminal())

    assert "importguard IG201: denied" in text and "\x1b[31m" in text
    assert "\x1b[2J" not in text and "\u202e" not in text


@pytest.mark.parametrize("environment", [{"NO_COLOR": "1"}, {"TERM": "dumb"}])
def test_colour_is_left_out_when_it_is_not_wanted(environment):
    """NO_COLOR and a dumb terminal get the same text plain."""
    assert "\x1b" not in shown(DENIED, Terminal(), **environment)


def test_repeats_are_shown_as_one_line():
    """A folded record says how often."""
    text = shown({**DENIED, "count": 12}, Terminal(), NO_COLOR="1")

    assert text.count("\n") == 1 and "(12 times)" in text


@pytest.mark.parametrize(
    ("record", "worth"),
    [
        ({"event": "armed"}, False),
        ({"event": "exit"}, False),
        ({"event": "decision", "verdict": "allow"}, False),
        ({"event": "decision", "verdict": "log"}, True),
        ({"event": "decision", "verdict": "log", "rule": "patch:noticed"}, False),
        ({"event": "tamper"}, True),
        ({"event": "killed"}, True),
    ],
)
def test_only_what_went_wrong_is_shown_without_being_asked_for(record, worth):
    """`armed`, `exit` and what was allowed are for records alone."""
    assert is_worth_showing(record) is worth


def test_a_stream_that_fails_is_left_alone():
    """A terminal that has gone away stops nothing."""
    stream = io.StringIO()
    stream.close()
    log = Log({}, stream)

    log.show(DENIED)
    log.notice("x")
