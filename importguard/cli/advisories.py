"""`importguard advisories`: brings the known-malicious database up to date, tells about it, and looks things up."""

import argparse
import json
import sys

from importguard import errors, versions
from importguard.advisories import advisory, database, locate, mapped, osv, update
from importguard.advisories.documents import printable

EPILOG = """example:
  importguard advisories update https://osv-vulnerabilities.storage.googleapis.com/PyPI/all.zip
  importguard advisories info
  importguard advisories lookup litellm==1.82.8"""
UPDATE_EPILOG = """example:
  importguard advisories update malicious-packages/osv/malicious/pypi/

The new database replaces the one that the last update wrote; what ships with importguard is always asked as well.
Exit status: 0 written, 2 nothing written (a source or record can't be read, or the database can't be written)."""
INFO_EPILOG = """example:
  importguard advisories info --json"""
LOOKUP_EPILOG = """example:
  importguard advisories lookup litellm==1.82.8

Exit status: 0 not listed, 1 listed, 2 the question or a database can't be read."""
COUNTS = (
    "{versions} of some versions, {all} of all, {unknown} of versions unknown, {withdrawn} withdrawn; {warn} only warn"
)


def add(subparsers):
    """Register the command with its three parts."""
    parser = _parser(subparsers, "advisories", "the known-malicious database", EPILOG)
    parts = parser.add_subparsers(metavar="PART", required=True)
    part = _parser(parts, "update", "replace the database by the OSV records of some sources", UPDATE_EPILOG)
    part.add_argument("sources", nargs="+", metavar="FILE_OR_DIR_OR_URL", help="OSV JSON, JSON lines, zip or folder")
    part.add_argument("--database", metavar="FILE", help="write here instead of the user's data folder")
    part.add_argument("--skip-unreadable", action="store_true", help="take the rest where records can't be read")
    part.set_defaults(run=run, act=_update)
    part = _parser(parts, "info", "sources, dates and counts; compares the files with their checksums", INFO_EPILOG)
    _add_reading_options(part, _info)
    part = _parser(parts, "lookup", "say whether a distribution is listed", LOOKUP_EPILOG)
    part.add_argument("requirement", metavar="NAME[==VERSION]")
    _add_reading_options(part, _lookup)


def run(args):
    """Carry the part out and return the exit status; raises AdvisoryError and UsageError."""
    return args.act(args)


def _parser(subparsers, name, help_text, epilog):
    formatter = argparse.RawDescriptionHelpFormatter
    return subparsers.add_parser(name, help=help_text, description=help_text, epilog=epilog, formatter_class=formatter)


def _add_reading_options(part, act):
    part.add_argument("--database", metavar="FILE", help="ask this file alone")
    part.add_argument("--json", action="store_true", help="print one JSON object")
    part.set_defaults(run=run, act=act)


def _update(args):
    target = args.database or locate.update_path()
    reading = osv.read(args.sources)
    if not args.skip_unreadable:
        _complain(reading.refused if len(reading.refused) > 1 else ())
        update.refuse_partial(reading)
    size = update.update(args.sources, target, reading=reading)
    _complain(reading.refused)
    passed = "".join(f", {number} {reason}" for reason, number in sorted(reading.passed.items()))
    print(f"{reading.records} records{passed}, {len(reading.refused)} refused; {len(reading.advisories)} advisories")
    print(f"written: {printable(target)} ({size} bytes)")
    return 0


def _complain(refused):
    for refusal in refused:
        print(printable(f"{refusal.where}: refused: {refusal.reason}"), file=sys.stderr)


def _info(args):
    told = [_about(path) for path in _paths(args)]
    if args.json:
        print(json.dumps({"v": 1, "active": _paths(args)[-1], "databases": told}, indent=2))
        return 0
    for about in told:
        _print_about(about)
    return 0


def _about(path):
    opened = mapped.open(path)
    digest = opened.verify()
    note = opened.note()
    return {
        "path": path,
        "bundled": path == database.BUNDLED,
        "built": note["built"],
        "names": opened.header.names,
        "advisories": opened.header.entries,
        "bytes": opened.header.total,
        "counts": note["counts"],
        "sha256": digest,
        "sources": note["sources"],
    }


def _print_about(about):
    print(printable(about["path"]) + (" (ships with importguard)" if about["bundled"] else ""))
    print(f"  built       {printable(about['built'])}")
    print(f"  names       {about['names']}")
    print(f"  advisories  {about['advisories']}: {COUNTS.format_map(about['counts'])}")
    print(f"  sha256      {about['sha256']} (verified)")
    for source in about["sources"]:
        licence = f" ({source['licence']})" if source["licence"] else ""
        print(printable(f"  source      {source['code']}: {source['what']}, {source['home']}{licence}"))


def _lookup(args):
    name, mark, version = args.requirement.partition("==")
    if not osv.NAME.fullmatch(name) or (mark and not version.strip()) or version.startswith("="):
        raise errors.UsageError(f"{args.requirement!r} is not of the form NAME or NAME==VERSION")
    asked = database.Databases([mapped.open(path) for path in _paths(args)])
    found = asked.findings(name, version) if mark else _standing(asked.entries(name))
    name = versions.canonical_name(name)
    if args.json:
        print(json.dumps(_as_json(name, version, found), indent=2))
    else:
        _print_found(name, version, found)
    return 1 if found else 0


def _standing(entries):
    return [entry for entry in entries if entry.scope != "withdrawn"]


def _as_json(name, version, found):
    best = advisory.strongest(found)
    listed = [dict(zip(advisory.Advisory.__slots__, entry.as_tuple(), strict=True)) for entry in found]
    verdict = best.verdict if best else "none"
    return {"v": 1, "name": name, "version": version or None, "verdict": verdict, "advisories": listed}


def _print_found(name, version, found):
    asked = printable(f"{name} {version}".strip())
    if not found:
        print(f"{asked}: not listed")
    for entry in found:
        print(printable(f"{asked}: {entry.verdict}  {' '.join(entry.ids)}"))
        print(printable(f"  versions  {_affected(entry)}"))
        print(printable(f"  source    {entry.source}"))


def _affected(entry):
    if entry.scope == "all":
        return "all"
    return " ".join((*entry.versions, *entry.ranges)) or "not known, so it only warns"


def _paths(args):
    return (args.database,) if args.database else locate.paths()
