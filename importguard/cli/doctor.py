"""`importguard doctor`: says what holds on this machine, then has a harmless operation denied to prove it."""

import argparse
import json
import sys

DESCRIPTION = "Says what holds on this machine; then live-fires a harmless operation and shows that it was denied."
EPILOG = """exit status: 0 everything that was asked for holds, 1 something does not

example:
  importguard doctor --json"""
SIGNS = {"holds": "ok  ", "fails": "FAIL", "absent": "-   "}


def add(subparsers):
    """Register the parser of `doctor`."""
    parser = subparsers.add_parser(
        "doctor", description=DESCRIPTION, epilog=EPILOG, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.set_defaults(run=run)


def run(options):
    """Print every check, and return 1 when one fails."""
    from importguard.launch import checks  # late, so that --help costs nothing

    found = list(checks.all_checks())
    if options.json:
        print(json.dumps({"v": 1, "checks": found}))
    else:
        for check in found:
            print(f"{SIGNS[check['state']]} {check['name']:<14} {check['text']}", file=sys.stdout)
    return 1 if any(check["state"] == "fails" for check in found) else 0
