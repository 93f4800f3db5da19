"""The suggested line of policy, once its secrets are masked for a record."""

import tables

from importguard.cli import explain
from importguard.policy import suggest
from importguard.report import redact


def test_suggestion_whose_secrets_are_masked():
    """A line that was redacted, as records have it, still allows what was refused."""
    words = ("/usr/bin/curl", "--token", "s3cr3t", "--password=s3cr3t")

    line = redact.redact({"allow": suggest.suggest(tables.request("proc.spawn", words[0], argv=words))})["allow"]

    loaded = tables.load(explain.as_table(line))
    assert "s3cr3t" not in line
    assert tables.ask(tables.load(), "proc.spawn", words[0], argv=words) == "deny"
    assert tables.ask(loaded, "proc.spawn", words[0], argv=words) == "allow"
