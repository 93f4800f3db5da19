"""Redaction and escaping of what is shown and stored."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from importguard.report.escaping import escape
from importguard.report.redact import TOKENS, redact, redact_arguments, redact_text

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


# What is redacted, once more, as the patterns that it is written down in most plainly.
MASK = "***"
SECRET_WORD = (
    r"(?:pass(?:word|wd|phrase)?|pwd|secret|token|api[-_]?key|access[-_]?key|session[-_]?key|auth(?:orization)?"
    r"|credentials?)"
)
URL = re.compile(
    r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*://)(?P<user>[^\s/@?#]*@)?(?P<rest>[^\s?#'\"]*)(?P<query>\?[^\s#'\"]*)?"
)
ASSIGNED = re.compile(
    rf"(?i)(\b[\w-]*{SECRET_WORD}['\"]?\s*[=:]\s*)(?!{re.escape(MASK)})(?:bearer\s+|basic\s+)?['\"]?[^\s'\"&,;]+"
)
OPTION = re.compile(rf"(?i)^--?[\w-]*{SECRET_WORD}$")
FOLLOWED = re.compile(rf"(?i)((?<!\S)--?[\w-]*{SECRET_WORD} )[^\s\"]+")
KNOWN = re.compile(
    r"\b(?:gh[pousr]_\w{16,}|github_pat_\w{16,}|glpat-[\w-]{16,}|xox[abeprs]-[\w-]{8,}|sk-[\w-]{16,}|(?:AKIA|ASIA)[A-Z0-9]{12,}"
    r"|AIza[\w-]{30,}|hf_\w{16,}|npm_\w{20,}|pypi-[\w-]{16,}|dckr_pat_[\w-]{16,}|eyJ[\w-]{8,}\.[\w-]{8,}(?:\.[\w-]*)?)"
)
LONG = re.compile(r"(?<![\w/+.-])(?=[\w+-]*\d)(?=[\w+-]*[A-Za-z])[\w+-]{40,}={0,2}(?![\w/.])")


def _url(found):
    user, query = MASK + "@" if found["user"] else "", "?" + MASK if found["query"] else ""
    return f"{found['scheme']}{user}{found['rest']}{query}"


def by_patterns(text):
    text = ASSIGNED.sub(rf"\g<1>{MASK}", URL.sub(_url, text))
    return LONG.sub(MASK, KNOWN.sub(MASK, text))


TEXTS = st.one_of(
    st.text(max_size=60),
    st.lists(
        st.sampled_from(
            [
                "token", "TOKEN", "pass", "word", "passwd", "api", "_", "-", "key", "auth", "orization", "bearer ", "Basic ", "http", "://", "@", "?", "#",
                "/", ":", "=", " ", "  ", "\n", "\t", "'", '"', "&", ",", ";", "ghp_", "github_pat_", "glpat-", "xoxb-", "sk-", "AKIA", "ASIA", "AIza",
                "hf_", "npm_", "pypi-", "dckr_pat_", "eyJ", ".", "a", "B", "7", "\u00e9", "\u0663", "\u017f", "\u212a", "\u0130", "***", "--", "x" * 9,
                "a1" * 8, "A1" * 7, "b2" * 20, "+", "==", "secret", "\x1c", "cred", "entials", "://u:p@h",
            ]
        ),
        max_size=16,
    ).map("".join),
)  # fmt: skip


@given(TEXTS)
def test_text_is_redacted_as_the_patterns_say(text):
    """A guarded process has no regular expressions of its own, and must mask no less than they would."""
    assert redact_text(text) == by_patterns(text)


@pytest.mark.parametrize("start", [token[0] for token in TOKENS])
@pytest.mark.parametrize("filling", ["a1", "A1", "_", "-", "A", "7", "+", ".", "\u00e9"])
def test_each_token_is_as_long_and_made_of_what_its_pattern_says(start, filling):
    """Of every beginning, with every kind of sign after it, at every length up to where all of them are tokens."""
    for length in range(34):
        for end in ("", ".", "." + "b2" * 4, filling):
            text = start + (filling * length)[:length] + end

            assert redact_text(text) == by_patterns(text)


@given(TEXTS, st.lists(TEXTS, max_size=4))
def test_line_and_arguments_are_redacted_as_the_patterns_say(line, words):
    """What follows a secret option is masked in an argument vector and in the line that would allow it."""
    after = [False, *[OPTION.match(word) is not None for word in words]]
    arguments = [MASK if is_after else by_patterns(word) for is_after, word in zip(after, words, strict=False)]

    assert redact({"argv": words, "allow": line}) == {"argv": arguments, "allow": FOLLOWED.sub(rf"\g<1>{MASK}", by_patterns(line))}


@given(TEXTS, st.lists(TEXTS, max_size=4))
def test_what_is_redacted_stays_as_it_is(line, words):
    """A record may be redacted by the process that writes it, and again by whoever reads it."""
    once = redact({"argv": words, "allow": line, "target": line})

    assert redact(once) == once


def test_what_is_no_text_among_arguments_is_masked():
    """A program may put anything in the place of its arguments; a record holds text."""
    assert redact_arguments(["a", 7, b"--token", "b"]) == ["a", "***", "***", "b"]
