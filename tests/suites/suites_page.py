"""The page about the suites of well-known projects: what differs between the modes, and what the guard costs."""

import collections
import statistics
import sys
from pathlib import Path

sys.path.insert(1, str(Path(__file__).parents[2] / "benchmarks"))

import ratios  # noqa: E402 - found through the line above

HEAD = """# Suites of well-known projects under the guard

Each suite comes from its project's sdist and tests what is installed, in an environment of its own, with
`pytest -p importguard`: bare, under `observe`, learning a lock, and under `enforce` with that lock. A difference is a test with
another outcome than bare, or anything that was refused (under `observe`: would be). Times are seconds of CPU of the whole
process tree; the ratio is the median over rounds in which the modes take turns, with its 95 % bootstrap interval where there are
several. The machine decides how wide that is: what a suite waits for, it does with cold caches afterwards.

- {sum}
- CPython {version}; made by `make suites` from `tests/suites`

| suite | what it is | tests | bare | observe | lock learnt | enforce | CPU bare | observe | enforce |
|---|---|---|---|---|---|---|---|---|---|"""

ARMING = """Of the difference, arming is 0.04 to 0.06 s before the first test, as the machine is, and what the plugin tells pytest a fortieth of
an empty test; the rest is what the guard costs the tests' own work. A suite of a few seconds shows all three. Counted in
instructions of user code, which don't depend on what else a machine does, a run of one empty test takes 185 million more than bare
under `observe` and 235 million under `enforce` with a lock; jinja2's suite, under `enforce`, takes 1.021 times those of bare. Its
seconds may differ by more, since what is done once finds caches cold: an earlier simulation had 1.033 times the instructions, 1.09
times the misses of a cache of 1 MB and 1.05 times the branches foretold wrongly."""
MOST = 1.05
ABOVE = "Above {most} times the CPU of bare by the whole interval: {wholly}. By the median alone: {told}."

GUARDED = ("observe", "enforce")
MISSING = "Not on this page: {suite.name} {suite.version} ({suite.what}), of which no whole round is there."


def differences(result):
    """Return a line for each difference between bare and the other modes of a suite's result."""
    bare = _of(result, "bare")[0]["outcomes"]
    found = []
    for run in result["runs"]:
        if run["mode"] == "bare" and run["outcomes"] == bare:
            continue
        names = sorted(bare.keys() | run["outcomes"].keys())
        found += [
            f"{run['mode']}: {name}: {run['outcomes'].get(name, 'missing')}, bare {bare.get(name, 'missing')}"
            for name in names
            if run["outcomes"].get(name) != bare.get(name)
        ]
        found += [f"{run['mode']}: {line}" for line in run["refused"]]
    return list(dict.fromkeys(found))


def ratio(result, mode):
    """Return a mode's CPU time over bare's, round by round, as a Ratio."""
    return ratios.ratio(*([run["cpu"] for run in _of(result, each)] for each in (mode, "bare")))


def summary(results):
    """Return the outcome in a line."""
    tests = sum(len(_of(result, "bare")[0]["outcomes"]) for result in results)
    return f"{len(results)} suites, {tests} tests, {sum(len(differences(result)) for result in results)} differences"


def page(results, suites, version):
    """Return the Markdown page; `suites` maps names to Suites."""
    lines = [HEAD.format(sum=summary(results), version=version)]
    lines += [_row(result, suites[result["name"]]) for result in results]
    measured = {result["name"] for result in results}
    lines += ["", *(MISSING.format(suite=suite) for name, suite in suites.items() if name not in measured)]
    lines += [_above(results), "", ARMING, *(f"\n{result['name']}: {result['note']}" for result in results if "note" in result)]
    lines += ["", "## What is left out", ""]
    for name, suite in suites.items():
        lines += [f"- {name}: `{option}`: {reason}" for option, reason in suite.left_out]
    lines += ["", "## Differences", ""]
    lines += [f"- {result['name']}: {text}" for result in results for text in differences(result)] or ["None."]
    return "\n".join([*lines, ""])


def _row(result, suite):
    told = [_counts(_of(result, mode)[0]["outcomes"]) for mode in ("bare", "observe", "learn", "enforce")]
    bare = statistics.median(run["cpu"] for run in _of(result, "bare"))
    times = [f"{bare:.1f} s", *(_told(result, mode) for mode in GUARDED)]
    tests = len(_of(result, "bare")[0]["outcomes"])
    rounds = len(_of(result, "bare"))
    cells = [f"{suite.name} {suite.version}", suite.what, str(tests), *told, f"{times[0]} ({rounds} round{'s' * (rounds > 1)})", *times[1:]]
    return "| " + " | ".join(cells) + " |"


def _told(result, mode):
    found = ratio(result, mode)
    return f"{found.median:.3f}×" + (f" [{found.lower:.3f}, {found.upper:.3f}]" if found.pairs > 1 else "")


def _above(results):
    found = {f"{result['name']} under {mode}": ratio(result, mode) for result in results for mode in GUARDED}
    wholly = [name for name, times in found.items() if times.lower > MOST]
    told = [f"{name} ({times.median:.3f})" for name, times in found.items() if times.median > MOST and name not in wholly]
    return ABOVE.format(most=MOST, wholly=", ".join(wholly) or "none", told=", ".join(told) or "none")


def _of(result, mode):
    return [run for run in result["runs"] if run["mode"] == mode]


def _counts(outcomes):
    names = {"passed": "passed", "skipped": "skipped", "failure": "failed", "error": "errors"}
    counts = collections.Counter(outcomes.values())
    return ", ".join(f"{counts[key]} {name}" for key, name in names.items() if counts[key]) or "none"
