"""`importguard check`: reads the policies that a launch here would be under, and says what is wrong with them."""

import argparse
import os
import pathlib

from importguard import messages
from importguard.lock import read
from importguard.policy import lint, resolve, shadow
from importguard.review import own, unused

TEXT = "lint a policy and a lock"
EPILOG = """Without --policy it looks at what a launch from here would find: the project's, the user's and the system's.
What a policy speaks of and no distribution of the lock needs is told by a lock: --lock, or the project's own.

exit status: 0 nothing found; 1 findings; 2 a file can't be used, with one line for each problem in it.

example:
  importguard check --policy importguard.toml"""


def add(subparsers):
    """Register the parser of `check`."""
    formatter = argparse.RawDescriptionHelpFormatter
    parser = subparsers.add_parser("check", help=TEXT, description=TEXT, epilog=EPILOG, formatter_class=formatter)
    parser.add_argument("--policy", metavar="FILE", help="the policy to look at, instead of the project's")
    parser.add_argument("--lock", metavar="FILE|off", help="the lock to go by, instead of the project's; off: none")
    parser.set_defaults(run=run)


def run(args):
    """Print the findings; raises PolicyError when a file can't be used."""
    resolved = resolve.resolve({"policy": args.policy, "lock": args.lock, "as_written": True}, os.environ, pathlib.Path.cwd())
    findings = [*resolved.notices, *_findings(resolved, _lock(resolved))]
    findings += _missing_plugins(resolved.plugins)
    for finding in findings:
        print(messages.printable(finding))
    if not findings:
        print(messages.printable(f"no findings: {resolved.name} ({resolved.mode}, preset {resolved.preset})"))
    return 1 if findings else 0


def _findings(resolved, lock):
    """Yield what is wrong with each policy, the candidate included, with all of them together, and beside a Lock."""
    policies = [*resolved.locked, *resolved.policies]
    if resolved.candidate:
        policies += [each for each in (*resolved.candidate.locked, *resolved.candidate.policies) if each not in policies]
    for policy in policies:
        yield from (*policy.expiring, *lint.findings(policy))
    yield from shadow.findings(resolved)
    if lock is not None:
        yield from unused.findings(policies, lock)


def _lock(resolved):
    """Return the Lock to go by, with as short a path as can be, None for none; raises LockError when it can't be read."""
    return read.read(own.shown(resolved.lock)) if resolved.lock else None


def _missing_plugins(names):
    if not names:
        return []
    from importguard.plugins import find  # reads the metadata of a whole environment: only a policy with plugins pays

    return [problem for name in names if (problem := find.problem(name))]
