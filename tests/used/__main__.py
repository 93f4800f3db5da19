"""Uses popular distributions bare, under recommended and under a lock learnt before, and writes down what differs.

python tests/used --out docs/reference/used.md
python tests/used flask pandas
"""

import argparse
import concurrent.futures
import sys
import tempfile
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]
sys.path[1:1] = [str(TESTS), str(TESTS / "compat")]

import everything  # noqa: E402 - found through the line above, as is `support` that it uses
import popular  # noqa: E402
import uses  # noqa: E402
import using  # noqa: E402
from support import interpreters, kept  # noqa: E402
from support.envs import Environment  # noqa: E402

HEAD = """# Popular distributions in use

What they are for, in small: a request to loopback, a file written and read again, a plot, a template, a database, a
command. Each use runs in a fresh world, {ways}; `locked` is a lock learnt from a run before. A problem is another exit
status than bare, or anything that was refused.

- {sum}
- CPython {version}; made by `make used` from `tests/compat/pins.txt` and `tests/used`

| use | problems |
|---|---|"""
WAYS = {"bare": using.bare, "recommended": using.recommended, "locked": using.locked}


def main(arguments=None):
    """Run all uses; exit status 0 when every one goes as it does bare and nothing is refused, 1 otherwise."""
    options = parse(arguments)
    interpreter = interpreters.find(options.python)
    made = everything.environment_of(popular.pins(), interpreter, options.cache)
    environment = Environment(made.path, interpreter)
    rows = []
    wanted = [use for use in uses.every() if not options.names or use.name in options.names]
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        for use, tries in zip(wanted, pool.map(lambda use: try_all(use, environment, options.ways), wanted), strict=True):
            rows.append((use.name, tries))
            print(line(*rows[-1]), flush=True)
            if options.out:
                # After each one: a run that is ended leaves what it knows.
                options.out.write_text(page(rows, interpreter, options.ways))
    print(summary(rows))
    return int(any(problems(tries) for _, tries in rows))


def try_all(use, environment, ways):
    """Return {way: Trying}."""
    with tempfile.TemporaryDirectory(prefix="used-", ignore_cleanup_errors=True) as folder:
        return {way: WAYS[way](use, environment, Path(folder, way)) for way in ways}


def problems(tries):
    """Return what went otherwise than bare, or was refused."""
    bare = tries["bare"]
    found = [] if bare.returncode in (0, 255) else [f"bare: {bare.story}"]
    for way, tried in tries.items():
        found += [f"{way}: {text}" for text in tried.refused]
        if tried.returncode != bare.returncode:
            found.append(f"{way}: exit {tried.returncode}, bare {bare.returncode}: {tried.story[-300:]}")
    return found


def line(name, tries):
    """Return one line on a use, and a line for each problem."""
    return "\n".join([f"{name}: {len(problems(tries))} problems", *(f"  {text}" for text in problems(tries))])


def summary(rows):
    """Return the outcome in a line."""
    return f"{len(rows)} uses, {sum(len(problems(tries)) for _, tries in rows)} problems"


def page(rows, interpreter, ways):
    """Return the Markdown page."""
    lines = []
    for name, tries in rows:
        text = "; ".join(problems(tries)).replace("|", "\\|").replace("\n", " ")
        lines.append(f"| {name} | {text or 'none'} |")
    return "\n".join([HEAD.format(ways=", ".join(ways), sum=summary(rows), version=interpreter.version), *lines, ""])


def parse(arguments):
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python tests/used", description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", help="uses instead of all")
    parser.add_argument("--python", metavar="X.Y", default="3.11", help="CPython version (default: 3.11)")
    parser.add_argument("--ways", nargs="+", choices=WAYS, default=list(WAYS), help="default: all three")
    parser.add_argument("--jobs", type=int, default=2, help="uses at a time (default: 2)")
    parser.add_argument("--out", type=Path, help="write the results to this page")
    parser.add_argument("--cache", type=Path, default=kept.default_cache(), help="where environments are kept")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
