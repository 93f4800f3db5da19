"""`importguard check`: reads the policies that a launch here would be under, and says what is wrong with them."""

import argparse
import os
import pathlib

from importguard.policy import lint, resolve

TEXT = "lint a policy"
EPILOG = """Without --policy it looks at what a launch from here would find: the project's, the user's and the system's.

exit status: 0 nothing found; 1 findings; 2 a file can't be used, with one line for each problem in it.

example:
  importguard check --policy importguard.toml"""


def add(subparsers):
    """Register the parser of `check`."""
    formatter = argparse.RawDescriptionHelpFormatter
    parser = subparsers.add_parser("check", help=TEXT, description=TEXT, epilog=EPILOG, formatter_class=formatter)
    parser.add_argument("--policy", metavar="FILE", help="the policy to look at, instead of the project's")
    parser.set_defaults(run=run)


def run(args):
    """Print the findings; raises PolicyError when a file can't be used."""
    resolved = resolve.resolve({"policy": args.policy}, os.environ, pathlib.Path.cwd())
    findings = [*resolved.notices, *resolved.missing]
    for policy in (*resolved.locked, *resolved.policies):
        findings += lint.findings(policy)
    for finding in findings:
        print(finding)
    if not findings:
        print(f"no findings: {resolved.name} ({resolved.mode}, preset {resolved.preset})")
    return 1 if findings else 0
