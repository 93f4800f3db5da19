"""Imports every module of the most downloaded distributions bare and guarded and writes down what differs.

    python tests/compat --out docs/reference/compat.md
    python tests/compat boto3==1.43.117 numpy==2.4.6
    python tests/compat --under strict --cores c --out docs/reference/compat-strict.md

What is known is kept in a file of results: started again, it goes on where it was ended.
"""

import argparse
import sys
from pathlib import Path

sys.path.insert(1, str(Path(__file__).resolve().parents[1]))

import everything  # noqa: E402 - found through the line above, as is `support` that they use
import popular  # noqa: E402
import table  # noqa: E402
from support import interpreters, kept  # noqa: E402


def main(arguments=None):
    """Run the comparison; exit status 0 without a difference, 1 with one."""
    options = parse(arguments)
    interpreter = interpreters.find(options.python)
    if interpreter is None:
        print(interpreters.missing(options.python), file=sys.stderr)
        return 2
    pins = options.pins or popular.pins()
    environment = everything.environment_of(pins, interpreter, options.cache)
    results = options.results or environment.path.parent / "results.jsonl"
    rows = everything.compare(
        environment, interpreter, results, cores=options.cores, jobs=options.jobs, tell=lambda text: print(text, flush=True),
        preset=options.under,
    )  # fmt: skip
    names = popular.names()
    print(table.summary(rows, names))
    if options.out:
        options.out.write_text(table.page(rows, names, interpreter, options.cores, options.under))
    return int(any(row.differences for row in rows))


def parse(arguments):
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python tests/compat", description=__doc__.splitlines()[0])
    parser.add_argument("pins", nargs="*", metavar="NAME==VERSION", help="distributions instead of the committed ones")
    parser.add_argument("--python", metavar="X.Y", default="3.11", help="CPython version (default: 3.11)")
    parser.add_argument("--cores", nargs="+", choices=everything.CORES, default=everything.CORES, help="default: both")
    parser.add_argument("--under", choices=tuple(table.HOW), default=everything.PRESET, help="the preset (default: recommended)")
    parser.add_argument("--jobs", type=int, default=2, help="distributions at a time (default: 2)")
    parser.add_argument("--results", type=Path, metavar="FILE", help="default: beside the environment")
    parser.add_argument("--out", type=Path, help="write the results to this page")
    parser.add_argument("--cache", type=Path, default=kept.default_cache(), help="where environments are kept")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
