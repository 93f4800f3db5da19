"""`importguard audit`: looks at an environment without running any of it."""

import argparse
import json
import os
import time

from importguard import messages
from importguard.cli import environment
from importguard.errors import UsageError
from importguard.launch import preflight
from importguard.ledger import audit, finding
from importguard.startupfiles import hook, manifest, parse

TEXT = "look at an environment without running any of it"
EPILOG = """Looks for known-malicious distributions, start-up files that aren't well known, files that differ from RECORD or are
in none, files of two distributions, bytecode without source, with an unchecked hash or of another source, extension
modules in place of a source, and programs that are called .py.

exit status: 0 clean; 1 findings; 2 it can't be looked at.

example:
  importguard audit --python .venv/bin/python --json"""


def add(subparsers):
    """Register the parser of `audit`."""
    formatter = argparse.RawDescriptionHelpFormatter
    parser = subparsers.add_parser("audit", help=TEXT, description=TEXT, epilog=EPILOG, formatter_class=formatter)
    environment.add_options(parser)
    parser.add_argument(
        "--no-bytecode", action="store_true", help="don't compile sources to compare them with __pycache__, which takes most of the time"
    )
    parser.set_defaults(run=run)


def run(args):
    """Audit an environment and print what was found."""
    started = time.monotonic()
    found = environment.find(args.python, os.environ)
    files = found.startup_files()
    findings, notes = _malicious(found)
    findings += [_startup(file) for file in files if not file.known]
    notes += [f"{file.path} is well known: {file.known}" for file in files if file.known]
    try:
        findings += audit.audit(_look(found, files, compares_bytecode=not args.no_bytecode))
    except OSError as error:
        raise UsageError(f"can't look at {error.filename or found.own!r}: {error.strerror or error}") from error
    report = {
        "python": found.interpreter.path,
        "sites": list(found.site_dirs),
        "distributions": sum(len(site["dists"]) for site in found.sites.values()),
        "findings": [{name: getattr(each, name) for name in finding.Finding.__slots__} for each in findings],
        "notes": notes,
        "seconds": round(time.monotonic() - started, 2),
    }
    print(json.dumps(report) if args.json else _text(report))
    return 1 if findings else 0


def _malicious(found):
    databases = preflight.open_databases()
    findings, notes = [], []
    for folder, site in found.sites.items():
        for name, known in site["dists"].items():
            advisory = databases.lookup(name, known["version"])
            if advisory is None:
                continue
            reason = f"{name} {known['version']}: {' '.join(advisory.ids)} ({advisory.source})"
            if advisory.verdict == "block":
                findings.append(finding.Finding(finding.MALICIOUS, folder, name, f"listed as malicious: {reason}"))
            else:
                notes.append(f"listed as malicious in versions that nobody knows: {reason}")
    return findings, notes


def _startup(file):
    number, text = file.lines[0] if file.lines else (0, "")
    what = f"line {number} is executed at each start: {text[:120]!r}" if text else "is executed at each start"
    return finding.Finding(finding.STARTUP, file.path, file.owner, f"not well known; {what}")


def _look(found, files, *, compares_bytecode):
    return audit.Look(
        python=found.interpreter.path,
        version=found.version,
        site_dirs=found.site_dirs,
        # A start-up module that nobody owns is reported as what it is; one that a known file runs is known with it.
        allowed=frozenset(
            [*parse.MODULES, hook.MODULE, *(name for file in files if file.known for name in file.modules)]
        ),
        replaced=_replaced(found),
        compares_bytecode=compares_bytecode,
    )


def _replaced(found):
    """Return what `importguard enable` put in the place of a distribution's own file."""
    written = manifest.load(found.own)
    if written is None or manifest.changed(found.own, written):
        return frozenset()
    return frozenset(os.path.join(found.own, name) for name in written.files)


def _text(report):
    lines = []
    for each in report["findings"]:
        lines += [f"{each['code']} {each['path']} ({each['owner'] or 'owned by no distribution'})", f"  {each['reason']}"]
    lines += [f"note  {line}" for line in report["notes"]]
    count = len(report["findings"]) or "no"
    lines.append(
        f"{report['distributions']} distributions, {count} finding{'' if count == 1 else 's'}, {report['seconds']} s"
    )
    return "\n".join(map(messages.printable, lines))
