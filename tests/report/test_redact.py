"""Redaction and escaping of what is shown and stored."""

import pytest

from importguard.report.redact import escape, redact, redact_arguments, redact_text

SECRETS = {
    "a query string": ("https://host/path?token=s3cr3t&x=1", "https://host/path?***"),
    "userinfo": ("postgres://app:s3cr3t@db:5432/x", "postgres://***@db:5432/x"),
    "an assignment": ("API_KEY=s3cr3t", "API_KEY=***"),
    "an option with a value": ("--password=s3cr3t", "--password=***"),
    "a header": ("Authorization: Bearer s3cr3t", "Authorization: ***"),
    "a GitHub token": ("x ghp_0123456789abcdefABCDEF0123456789abcd y", "x *** y"),
    "a PyPI token": ("pypi-AgEIcHlwaS5vcmcCJDAwMDAwMDAw", "***"),
    "an AWS key": ("AKIA0123456789ABCDEF", "***"),
}
HARMLESS = [
    "/usr/bin/python3",
    "/home/a/.local/share/virtualenvs/project-abc/lib/python3.11/site-packages/pkg/__init__.py",
    "127.0.0.1:8080",
    "[::1]:80",
    "import sys; print(sys.path)",
    "-m",
    "pytest",
    "--tokenizer-mode",
]


@pytest.mark.parametrize(("text", "safe"), SECRETS.values(), ids=SECRETS)
def test_a_secret_is_masked(text, safe):
    """What looks like a credential is not in the text that is kept."""
    assert redact_text(text) == safe


@pytest.mark.parametrize("text", HARMLESS)
def test_ordinary_text_stays_as_it_is(text):
    """Paths, addresses and programs are what a record is read for."""
    assert redact_text(text) == text


def test_the_word_after_a_secret_option_is_masked():
    """`--token VALUE` gives its value away in the next word."""
    assert redact_arguments(["curl", "--token", "s3cr3t", "url"]) == ["curl", "--token", "***", "url"]


def test_a_record_is_redacted_in_target_and_arguments():
    """Both places where a secret travels are looked at, and the rest of the record is the same."""
    record = {"event": "decision", "target": "https://h/?k=s3cr3t", "argv": ["x", "--secret=s3cr3t"], "pid": 1}

    assert redact(record) == {"event": "decision", "target": "https://h/?***", "argv": ["x", "--secret=***"], "pid": 1}


def test_the_line_that_would_allow_it_is_redacted():
    """The suggested line repeats target and arguments, and so their secrets."""
    line = '[package.acme] run.allow = ["proc.spawn:/usr/bin/curl --token s3cr3t --password=s3cr3t"]'

    assert redact({"allow": line}) == {
        "allow": '[package.acme] run.allow = ["proc.spawn:/usr/bin/curl --token *** --password=***"]'
    }


def test_control_and_bidirectional_characters_are_escaped_everywhere():
    """A name can't move the cursor, colour the terminal or turn the reading direction, however deep it lies."""
    hostile = {"a\x1b[2J": ["\u202eevil", {"b": "line\nimportguard: all is well"}], "n": 3}

    assert escape(hostile) == {
        "a\\x1b[2J": ["\\u202eevil", {"b": "line\\x0aimportguard: all is well"}],
        "n": 3,
    }
