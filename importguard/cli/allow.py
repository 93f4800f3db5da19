"""`importguard allow`: approves a policy that was found in a project, after showing what it loosens."""

import argparse
import os
import pathlib

from importguard import errors
from importguard.lock import model, read
from importguard.policy import approval, find, lint, resolve, toml

TEXT = "approve a policy or a lock that was found in a project"
EPILOG = """Until then it may only tighten. The approval holds for this file with this content; of a policy, comments and
layout don't count.

examples:
  importguard allow importguard.toml
  importguard allow importguard.lock"""


def add(subparsers):
    """Register the parser of `allow`."""
    formatter = argparse.RawDescriptionHelpFormatter
    parser = subparsers.add_parser("allow", help=TEXT, description=TEXT, epilog=EPILOG, formatter_class=formatter)
    parser.add_argument("policy", metavar="POLICY", nargs="?", help="the file; without it, the project's")
    parser.set_defaults(run=run)


def run(args):
    """Show and approve; raises PolicyError when there is no policy or it can't be used."""
    path = pathlib.Path(os.path.abspath(args.policy)) if args.policy else _found()
    if path.suffix == ".lock":
        return _allow_lock(path)
    policy = toml.read(path)
    loosened = loosens(policy)
    print(toml.printable(f"{path}" + (" loosens:" if loosened else " loosens nothing")))
    for line in loosened:
        print(toml.printable(f"  {line}"))
    place = approval.approve(policy, os.environ)
    print(f"approved {policy.digest} ({place})")
    return 0


def _allow_lock(path):
    """Show what a lock grants, and approve it as it is."""
    file = approval.File.of(path)
    lock = read.read(path)
    granted = [(entry, grant) for entry in lock.entries for grant in entry.grants]
    grants = "grants" if granted else "grants nothing"
    print(toml.printable(f"{path} knows {len(lock.entries)} distributions and start-up files, and {grants}"))
    for entry, grant in granted:
        print(f"  {toml.printable(f'{entry.title}: {grant.phase}:{model.text(grant)}')}")
    place = approval.approve(file, os.environ)
    print(f"approved {file.digest} ({place})")
    return 0


def loosens(policy):
    """Return a text for each thing in a policy that counts only once it is approved."""
    lines = [
        f"{line.where}: {line.effect} {lint.shown(line)}"
        for line in (*policy.lines, *policy.deputies)
        if line.effect != "deny"
    ]
    lines += [f"app: {name!r} is the application's own" for name in policy.app]
    settings = sorted(policy.settings.items())
    return lines + [f"{key} = {value!r}" for key, value in settings if not resolve.is_tighter(key, value, ())]


def _found():
    path = find.project_policy(pathlib.Path.cwd(), [], home=os.environ.get("HOME"))
    if path is None:
        raise errors.PolicyError(f"{pathlib.Path.cwd()}: no {find.FILE} and no [tool.importguard] in this project")
    return path
