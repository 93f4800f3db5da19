"""Imports the most downloaded distributions bare and guarded and writes down whether the guard made a difference.

    python tests/compat --first 60 --out docs/reference/compat.md
    python tests/compat boto3 numpy
"""

import argparse
import sys
import time
from pathlib import Path

sys.path.insert(1, str(Path(__file__).resolve().parents[1]))

import placing  # noqa: E402 - found through the line above, as is `support` that they use
import popular  # noqa: E402
import results  # noqa: E402
from support import interpreters, kept  # noqa: E402


def main(arguments=None):
    """Run the comparison; exit status 0 without a false alarm, 1 with one, 2 when nothing could be installed."""
    options = parse(arguments)
    interpreter = interpreters.own() if options.python is None else interpreters.find(options.python)
    if interpreter is None:
        print(interpreters.missing(options.python), file=sys.stderr)
        return 2
    started = time.monotonic()
    wanted = options.names or popular.names()
    count = len(options.names) or options.first
    pins, refused = placing.first_installable(wanted, count, interpreter, options.cache)
    placed = placing.place(pins, interpreter, options.cache)
    print(f"{len(placed.versions())} distributions in {len(placed.environments)} environments", file=sys.stderr)
    rows = [
        row
        for environment, names in placed.environments
        for row in results.try_all(environment, names, jobs=options.jobs)
    ]
    outcome = results.Results(interpreter, rows, refused | placed.refused, time.monotonic() - started)
    print(results.summary(outcome))
    if options.out:
        options.out.write_text(results.page(outcome))
    return 2 if not rows else int(bool(results.false_alarms(rows)))


def parse(arguments):
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python tests/compat", description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", help="distributions to try instead of the first of the list")
    parser.add_argument("--first", type=int, default=60, help="how many names of the list (default: 60)")
    parser.add_argument("--python", metavar="X.Y", help="CPython version (default: the running one)")
    parser.add_argument("--jobs", type=int, default=2, help="imports at a time (default: 2)")
    parser.add_argument("--out", type=Path, help="write the results to this page")
    parser.add_argument("--cache", type=Path, default=kept.default_cache(), help="where environments are kept")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
