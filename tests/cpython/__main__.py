"""Runs CPython's own tests bare, observed and under recommended, and writes down what the guard made of them.

    python tests/cpython --out docs/reference/cpython.md
    python tests/cpython --core c --pythons 3.12 --only test_site --only test_runpy
"""

import argparse
import signal
import sys
from pathlib import Path

sys.path.insert(1, str(Path(__file__).resolve().parents[1]))

import differing  # noqa: E402 - found through the line above, as is `support` that they use
import kept_runs  # noqa: E402
import suite  # noqa: E402
import suite_results  # noqa: E402
from differing import Place  # noqa: E402
from support import guarded, interpreters  # noqa: E402


def main(arguments=None):
    """Run the comparison; exit status 0 when nothing differs but what is known to, 1 otherwise, 2 without a CPython."""
    options = parse(arguments)
    found = {version: interpreters.find(version) for version in options.pythons}
    missing = [interpreters.missing(version) for version, interpreter in found.items() if interpreter is None]
    if missing:
        print("\n".join(missing), file=sys.stderr)
        return 2
    _take_signals_as_a_terminal_has_them()
    play = kept_runs.recaller(options.kept) if options.kept else kept_runs.player(options.resume, options.seconds)
    pythons = {version: interpreters.whole_version(interpreter) for version, interpreter in found.items()}
    results = suite_results.Results({}, {}, [], [], differing.known(), pythons)
    for file in options.only or suite.FILES:
        for interpreter in found.values():
            try_all(results, file, interpreter, options.core, play)
    print(suite_results.summary(results))
    if options.out:
        options.out.write_text(suite_results.page(results))
    return int(bool(results.problems()))


def try_all(results, file, interpreter, cores, play):
    """Run a test file on one CPython bare and under each core and mode; fills `results`."""
    bare = play(file, interpreter, guarded.UNGUARDED)
    if bare is None:
        return
    results.bare[interpreter.version, file] = bare
    print(f"{interpreter.version} {file} bare: {bare.tally()} in {bare.seconds:.0f} s", file=sys.stderr)
    for place in [Place(interpreter.version, core, mode, file) for core in cores for mode in suite_results.MODES]:
        run = play(file, interpreter, place.mode, core=place.core)
        if run is None:
            continue
        results.guarded[place] = run
        steady, gone = twice(place, interpreter, bare, run, play)
        results.differences.extend(steady)
        results.gone.extend(gone)
        print(f"  {place.core} {place.mode}: {run.tally()} in {run.seconds:.0f} s, {len(steady)} differ", file=sys.stderr)


def twice(place, interpreter, bare, run, play):
    """Return (the differences of two runs that show when they are repeated, those that don't)."""
    first = differing.differences(place, bare, run)
    if not first:
        return [], []
    only = differing.repeatable(first)
    again = play(place.file, interpreter, guarded.UNGUARDED, only=only)
    if again is None:
        return first, []
    second = differing.differences(place, again, play(place.file, interpreter, place.mode, core=place.core, only=only))
    return differing.still_there(first, second)


def parse(arguments):
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python tests/cpython", description=__doc__.splitlines()[0])
    parser.add_argument("--core", nargs="+", choices=("auto", "c", "py"), default=["auto"], help="default: auto")
    parser.add_argument("--pythons", nargs="+", metavar="X.Y", default=interpreters.SUPPORTED, help="default: all")
    parser.add_argument("--only", action="append", choices=suite.FILES, help="a test file; may be repeated")
    parser.add_argument("--seconds", type=int, default=suite.SECONDS, help=f"for a file (default: {suite.SECONDS})")
    parser.add_argument("--resume", type=Path, metavar="FOLDER", help="keep each run there, and don't repeat what is there")
    parser.add_argument("--kept", type=Path, metavar="FOLDER", help="run nothing: write down what --resume has kept there")
    parser.add_argument("--out", type=Path, help="write the results to this page")
    return parser.parse_args(arguments)


def _take_signals_as_a_terminal_has_them():
    """A shell starts what runs in its background with these ignored, and so would the tests be."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for number in (signal.SIGHUP, signal.SIGQUIT):
        signal.signal(number, signal.SIG_DFL)


if __name__ == "__main__":
    sys.exit(main())
