"""`importguard status`: says whether an environment is guarded, and what runs before the guard."""

import argparse
import json
import os

from importguard import messages
from importguard.cli import environment
from importguard.cli.doctor import SIGNS
from importguard.startupfiles import status

TEXT = "say whether an environment is guarded"
EPILOG = """exit status: 0 armed; 1 not armed, or something that isn't well known runs before the guard; 2 it can't be said.

example:
  importguard status --python .venv/bin/python"""


def add(subparsers):
    """Register the parser of `status`."""
    formatter = argparse.RawDescriptionHelpFormatter
    parser = subparsers.add_parser("status", help=TEXT, description=TEXT, epilog=EPILOG, formatter_class=formatter)
    environment.add_options(parser)
    parser.set_defaults(run=run)


def run(args):
    """Report on an environment; the exit status says whether its guard comes first."""
    # Late: they pull in the policy and the kernel, which `disable` needs nothing of.
    from importguard.cli.enable import resolved_for, session_content
    from importguard.launch import rungs

    found = environment.find(args.python, os.environ)

    def fresh(options):
        return session_content(found, resolved_for(options, os.environ), options, os.environ)

    report = status.look(found, fresh, rungs.held)
    print(json.dumps(report) if args.json else _text(found, report))
    return 0 if report["armed"] and not any(not file["known"] for file in report["before"]) else 1


def _text(found, report):
    head = "armed" if report["armed"] else "not armed"
    lines = [f"{head}: {found.interpreter.prefix} (Python {found.interpreter.version_text})"]
    if report["policy"]:
        lines.append(f"  policy {report['policy']}, {report['mode']}")
    lines += [f"  {SIGNS[rung['state']]} {rung['name']:<10} {rung['text']}" for rung in report["kernel"]]
    lines += [f"  problem {line}" for line in report["problems"]]
    for file in report["before"]:
        owner = file["owner"] or "owned by no distribution"
        known = f"well known: {file['known']}" if file["known"] else "not well known"
        lines.append(f"  runs before the guard: {file['path']} ({owner}; {known})")
    lines += [f"  stale {line}; importguard enable brings it up to date" for line in report["stale"]]
    lines += [f"  note {line}" for line in report["notes"]]
    return "\n".join(map(messages.printable, lines))
