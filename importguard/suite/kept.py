"""Keeps what a run of pytest was refused where `importguard explain --record ID` looks, since each refusal's text names it."""

import os

from importguard.ledger import regular
from importguard.report import reader, recent
from importguard.report.redact import redact

MOST_READ = 1 << 20
REFUSALS = (b'"verdict":"deny"', b'"verdict":"kill"', b'"verdict":"log"')


def keep(file):
    """Keep what the records in a file say of refusals; where that can't be read, nothing is kept."""
    try:
        with regular.read_binary(file) as opened:
            lines = opened.read(MOST_READ).splitlines()
    except OSError:
        return
    kept = recent.Recent(os.environ)
    for line in lines:
        if any(word in line for word in REFUSALS):
            fields = reader.read_line(line)
            if fields["event"] == "decision":
                kept.keep(redact(fields))
