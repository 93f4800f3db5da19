"""Builds the bundled database from the sources beside it, the same bytes every time.

Usage: python -m importguard.advisories.build [--check] [--condense FEED.jsonl]
"""

import argparse
import gzip
import pathlib
import sys
import tomllib

from importguard import errors
from importguard.advisories import compile, condensed, database

SOURCES = pathlib.Path(__file__).parent / "sources"
LINES, INCIDENTS, ORIGINS = SOURCES / "malicious-pypi.jsonl.gz", SOURCES / "incidents.toml", SOURCES / "origins.toml"


def build():
    """Return the bytes of the bundled database; raises AdvisoryError where the sources were not shipped."""
    if not LINES.is_file():
        raise errors.AdvisoryError(f"{str(SOURCES)!r}: the sources are missing; build in a checkout of importguard")
    incidents = condensed.incidents(INCIDENTS)
    told_by_hand = {entry.name for entry in incidents}
    listed = [entry for entry in condensed.lines(LINES) if entry.name not in told_by_hand]
    origins = tomllib.loads(ORIGINS.read_text())
    note = {"built": origins["built"].isoformat(), "sources": origins["origin"]}
    return compile.pack(incidents + listed, note)


def condense(feed):
    """Store a feed of JSON lines as a source, compressed, without time or name of its file."""
    LINES.write_bytes(gzip.compress(pathlib.Path(feed).read_bytes(), compresslevel=9, mtime=0))


def main(arguments=None):
    parser = argparse.ArgumentParser(prog="python -m importguard.advisories.build", description=__doc__.split("\n")[0])
    parser.add_argument("--check", action="store_true", help="only compare with bundled.db; exit 1 when it differs")
    parser.add_argument("--condense", metavar="FEED", help="first replace the condensed source by these JSON lines")
    options = parser.parse_args(arguments)
    if options.condense:
        condense(options.condense)
    data = build()
    if options.check:
        return int(pathlib.Path(database.BUNDLED).read_bytes() != data)
    compile.write(data, database.BUNDLED)
    print(f"{database.BUNDLED}: {len(data)} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
