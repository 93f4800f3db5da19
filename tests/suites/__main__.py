"""Runs the suites of well-known projects bare and guarded, and writes down what differs and what it costs.

python tests/suites --out docs/reference/suites.md
python tests/suites requests --rounds 1
"""

import argparse
import json
import sys
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]
sys.path.insert(1, str(TESTS))

import known_suites  # noqa: E402
import suite_runs  # noqa: E402
import suites_page as pages  # noqa: E402 - found beside this file
from support import interpreters, kept  # noqa: E402 - found through the line above

TURNS = ("bare", "observe", "enforce")


def main(arguments=None):
    """Run the suites that were named, or all; exit status 0 when every test has the outcome that it has bare."""
    options = parse(arguments)
    interpreter = interpreters.find(options.python)
    known = {suite.name: suite for suite in known_suites.every()}
    options.results.mkdir(parents=True, exist_ok=True)
    for name in options.names or known:
        file = options.results / f"{name}.json"
        if options.add or not file.exists() or not options.resume:
            before = json.loads(file.read_text())["runs"] if options.add and file.exists() else []
            # After each run: one that is ended leaves what it knows.
            for result in results_of(known[name], interpreter, options, before):
                file.write_text(json.dumps(result))
    files = [options.results / f"{name}.json" for name in known]
    results = [json.loads(file.read_text()) for file in files if file.exists()]
    if options.out:
        options.out.write_text(pages.page(results, known, interpreter.version))
    print(pages.summary(results))
    return int(any(pages.differences(result) for result in results))


def results_of(suite, interpreter, options, before):
    """Run a Suite in all modes, yield {"name", "runs"} of what is there: a lock is learnt first, then the others take turns.

    `before` are runs of earlier rounds, whose lock is still there, as plain values.
    """
    environment, project = known_suites.prepared(suite, interpreter, options.cache)
    work = options.results / suite.name
    runs = list(before)
    for mode in (*(() if before else ("learn",)), *TURNS * options.rounds):
        made = suite_runs.run(suite, mode, environment, project, work.absolute())
        runs.append(made.as_dict())
        print(f"{suite.name} {mode}: exit {made.status}, {len(made.outcomes)} tests, {len(made.refused)} refusals, {made.cpu} s of CPU, {made.clock} s", flush=True)
        if not made.outcomes or not made.parts:
            raise SystemExit(f"{suite.name} {mode} had no outcomes or no times:\n{made.tail}")
        if len(runs) > len(TURNS):
            yield {"name": suite.name, "version": suite.version, "runs": runs}


def parse(arguments):
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python tests/suites", description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", help="suites instead of all")
    parser.add_argument("--python", metavar="X.Y", default="3.11", help="CPython version (default: 3.11)")
    parser.add_argument("--rounds", type=int, default=3, help="how often bare, observe and enforce take turns (default: 3)")
    parser.add_argument("--resume", action="store_true", help="keep the results that are there already")
    parser.add_argument("--add", action="store_true", help="add rounds to the results that are there already")
    parser.add_argument("--results", type=Path, default=Path("build/suites"), help="where results and output are kept")
    parser.add_argument("--out", type=Path, help="write the results to this page")
    parser.add_argument("--cache", type=Path, default=kept.default_cache(), help="where environments are kept")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
