"""Measures and gathers what is known of the guard: what it catches, what it refuses wrongly, what it costs, what it misses.

    python tests/evidence --out docs/evidence.md       everything; evidence.json lies beside the page
    python tests/evidence --only attacks --out …       one piece anew, the others as they are
    python tests/evidence --resume build/evidence --out …   everything that this commit has no pieces of there
    python tests/evidence --quick                      does it run at all: a few attacks on one CPython, nothing is written
"""

import argparse
import functools
import json
import sys
import tempfile
import time
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
sys.path[1:1] = [str(PROJECT / "tests"), str(PROJECT / "tests/attacks")]

import alarms  # noqa: E402 - found through the line above, as are its neighbours
import challenges  # noqa: E402
import costs  # noqa: E402
import counting  # noqa: E402
import evidence_page  # noqa: E402
import innocents  # noqa: E402
import kept_pieces  # noqa: E402
import provenance  # noqa: E402
import quoting  # noqa: E402
import reenacting  # noqa: E402
from rows import SCENARIOS  # noqa: E402
from support import interpreters  # noqa: E402

COMMAND = "make evidence"
ONE_CHALLENGE = ("tests/docs/test_limits.py", "-k", "poisoned")


def main(arguments=None):
    """Gather, print, write; exit status 1 when an attack doesn't happen unguarded or a challenge breaks, 2 without a CPython."""
    options = parse(arguments)
    found = [interpreters.find(version) for version in ((interpreters.OWN,) if options.quick else interpreters.SUPPORTED)]
    if None in found:
        print("needs " + ", ".join(interpreters.SUPPORTED) + ": " + interpreters.missing("one of them"), file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory(prefix="evidence-", ignore_cleanup_errors=True) as folder:
        options.pieces = kept_pieces.Pieces(options.resume)
        gathered = {name: gather(name, Path(folder), found, options) for name in PIECES if options.only in (None, name)}
        # Read now: another piece may have been written meanwhile.
        known = {"v": 1, **(kept(options.out) if options.only else {}), **gathered}
        text = evidence_page.page(known)
        print(text, flush=True)
        if options.out:
            write(known, text, options.out)
    return int(any(problems(known)))


def gather(name, folder, found, options):
    """Gather a piece and say how long that took."""
    started = time.monotonic()
    piece = PIECES[name](folder, found, options)
    print(f"{name}: {time.monotonic() - started:.0f} s", file=sys.stderr, flush=True)
    return piece


def kept(page):
    """Return the values that lie beside a page."""
    return json.loads(page.with_suffix(".json").read_text())


def write(known, text, page):
    """Write the page, the values beside it, and what the README quotes."""
    page.with_suffix(".json").write_text(json.dumps(known, indent=1, ensure_ascii=False) + "\n")
    page.write_text(text)
    quoting.renew(known)


def of_attacks(folder, found, options):
    """Re-enact the attacks beneath each rung, one CPython after the other."""
    pieces = [
        options.pieces.get(f"attacks-{interpreter.version}", functools.partial(reenacted, interpreter, folder, options))
        for interpreter in found
    ]
    staged = [reenacting.from_plain(values) for piece in pieces for values in piece["staged"]]
    versions = {interpreter.version: interpreters.whole_version(interpreter) for interpreter in found}
    return {**counting.counted(staged, SCENARIOS, versions), "provenance": pieces[-1]["provenance"]}


def reenacted(interpreter, folder, options):
    """Return how the attacks went on one CPython, as plain values."""
    wanted = [scenario for scenario in SCENARIOS if scenario.smoke] if options.quick else SCENARIOS
    tell = functools.partial(print, file=sys.stderr, flush=True)
    staged = reenacting.reenact(wanted, [interpreter], folder / interpreter.version, tell=tell)
    return {"staged": list(map(reenacting.as_plain, staged)), "provenance": provenance.measured(COMMAND)}


def of_challenges(folder, found, options):
    """Attack the guard itself."""
    only = ONE_CHALLENGE if options.quick else ()
    return options.pieces.get("challenges", lambda: {**challenges.run(folder, only=only), "provenance": provenance.measured(COMMAND)})


def of_programs(folder, found, options):
    """Run harmless programs."""
    none = {"tried": 0, "broken": [], "lacking": 0}
    run = (lambda _: none) if options.quick else innocents.run
    return options.pieces.get("programs", lambda: {**run(folder), "provenance": provenance.measured(COMMAND)})


def of_alarms(folder, found, options):
    """Read what the long runs of popular distributions and of CPython's tests have written."""
    return alarms.every()


def of_costs(folder, found, options):
    """Work out ratios from the kept values of the benchmarks."""
    return costs.every()


PIECES = {"attacks": of_attacks, "challenges": of_challenges, "programs": of_programs, "alarms": of_alarms, "costs": of_costs}


def problems(known):
    """Yield what makes the evidence worthless or calls for somebody: an attack that isn't one, a test that broke."""
    yield from known.get("attacks", {}).get("happen_not", ())
    yield from known.get("challenges", {}).get("broken", ())
    yield from known.get("programs", {}).get("broken", ())


def parse(arguments):
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python tests/evidence", description=__doc__.splitlines()[0])
    parser.add_argument("--only", choices=PIECES, help="gather one piece, and keep the others that are beside --out")
    parser.add_argument("--quick", action="store_true", help="only see that it runs")
    parser.add_argument("--out", type=Path, metavar="PAGE.md", help="write the page, PAGE.json beside it, and what the README quotes")
    parser.add_argument("--resume", type=Path, metavar="FOLDER", help="keep pieces there as they are made, and take those of this commit")
    options = parser.parse_args(arguments)
    if options.quick and options.out:
        parser.error("--quick measures too little to be written down")
    if options.only and not options.out:
        parser.error("--only needs --out, whose other pieces it keeps")
    return options


if __name__ == "__main__":
    sys.exit(main())
