"""Reads what the guard refused to honest programs off the pages that the runs of popular distributions and of CPython's tests wrote."""

import re

import provenance

NAMES = ("compat", "compat-strict", "used", "cpython", "suites")
COMPAT, STRICT, USED, CPYTHON, SUITES = (f"docs/reference/{name}.md" for name in NAMES)
IMPORTED = re.compile(
    r"(?P<listed>\d+) of the \d+ most downloaded distributions and what they need, (?P<distributions>\d+) in all.*?"
    r"every module of theirs \((?P<modules>\d+)\).*?- (?P<alarms>\d+) differences\n- CPython (?P<python>[\d.]+), (?P<system>[^,]+), (?P<date>[\d-]+)",
    re.DOTALL,
)
# Each is made by a run that takes an hour; a page that says it otherwise is an error rather than a gap in the evidence.
PATTERNS = {
    COMPAT: IMPORTED,
    STRICT: IMPORTED,
    USED: re.compile(r"- (?P<uses>\d+) uses, (?P<alarms>\d+) problems\n- CPython (?P<python>[\d.]+)"),
    CPYTHON: re.compile(
        r"- (?P<tests>\d+) tests that were run bare; (?P<alarms>\d+) of them.*?differ\n- CPython (?P<python>[\d., ]+), (?P<system>[^,]+), "
        r"(?P<date>[\d-]+), (?P<bare>\d+) of (?P<bare_whole>\d+) bare runs and (?P<guarded>\d+) of (?P<guarded_whole>\d+)",
        re.DOTALL,
    ),
    SUITES: re.compile(r"- (?P<suites>\d+) suites, (?P<tests>\d+) tests, (?P<alarms>\d+) differences\n- CPython (?P<python>[\d.]+)"),
}
COMMANDS = {COMPAT: "make compat", STRICT: "make strict", USED: "make used", CPYTHON: "make cpython", SUITES: "make suites"}


class Unreadable(Exception):
    """A page of results that doesn't say what it is asked for."""


def every():
    """Return {page: what it says, with where that comes from}."""
    return {page.partition("reference/")[2].removesuffix(".md"): _read(page) for page in PATTERNS}


def said(page, text):
    """Return the numbers and words that the text of a page holds."""
    found = PATTERNS[page].search(text)
    if found is None:
        raise Unreadable(f"{page}: has no line like {PATTERNS[page].pattern!r}")
    return {name: int(value) if value.isdigit() else value for name, value in found.groupdict().items()}


def _read(page):
    known = said(page, (provenance.PROJECT / page).read_text())
    date = known.pop("date", None)
    return {**known, "provenance": provenance.read(page, COMMANDS[page], date=date)}
