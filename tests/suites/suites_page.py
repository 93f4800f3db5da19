"""The page about the suites of well-known projects: what differs between the modes, and what the guard costs."""

import collections
import statistics

import part_ratios

HEAD = """# Suites of well-known projects under the guard

Each suite comes from its project's sdist and tests what is installed, in an environment of its own, with
`pytest -p importguard`: bare, under `observe`, learning a lock, and under `enforce` with that lock. A difference is a test with
another outcome than bare, or anything that was refused (under `observe`: would be).

- {sum}
- CPython {version}; made by `make suites` from `tests/suites`

| suite | what it is | tests | bare | observe | lock learnt | enforce |
|---|---|---|---|---|---|---|"""

TIMES = """## What it takes

Modes take turns, and each run is taken apart: its start (arming, imports, collection), each test, its end. A part's time is the
lower quartile of its rounds, so that what else the machine does counts for little; the ratio is that of the sums over all parts,
with its 95 % bootstrap interval over rounds. CPU is that of the whole process tree, the clock is what somebody waits.

| suite | rounds | CPU bare | observe | enforce | clock bare | observe | enforce |
|---|---|---|---|---|---|---|---|"""

ARMING = """Of the difference, arming is 0.04 to 0.06 s before the first test, as the machine is, and what the plugin tells pytest a fortieth of
an empty test; the rest is what the guard costs the tests' own work. A suite of a few seconds shows all three. Counted in
instructions of user code, which don't depend on what else a machine does, a run of one empty test takes 185 million more than bare
under `observe` and 235 million under `enforce` with a lock; jinja2's suite, under `enforce`, takes 1.021 times those of bare. Its
seconds may differ by more, since what is done once finds caches cold: an earlier simulation had 1.033 times the instructions, 1.09
times the misses of a cache of 1 MB and 1.05 times the branches foretold wrongly."""
MOST = 1.05
NAMES = {"cpu": "CPU", "clock": "time"}
ABOVE = "Above {most} times the {measure} of bare by the whole interval: {wholly}. By the median alone: {told}."

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


def ratio(result, mode, measure):
    """Return a mode's time over bare's by a measure of part_ratios, as a Ratio."""
    return part_ratios.ratio(*([run["parts"] for run in _of(result, each)] for each in (mode, "bare")), measure)


def summary(results):
    """Return the outcome in a line."""
    tests = sum(len(_of(result, "bare")[0]["outcomes"]) for result in results)
    return f"{len(results)} suites, {tests} tests, {sum(len(differences(result)) for result in results)} differences"


def page(results, suites, version):
    """Return the Markdown page; `suites` maps names to Suites."""
    lines = [HEAD.format(sum=summary(results), version=version)]
    lines += [_row(result, suites[result["name"]]) for result in results]
    measured = {result["name"] for result in results}
    lines += ["", *(MISSING.format(suite=suite) for name, suite in suites.items() if name not in measured), "", TIMES]
    times = {(result["name"], measure, mode): ratio(result, mode, measure) for result in results for measure in part_ratios.MEASURES for mode in GUARDED}
    lines += [_times_row(result, times) for result in results]
    lines += ["", *(_above(times, measure) for measure in part_ratios.MEASURES)]
    lines += ["", ARMING, *(f"\n{result['name']}: {result['note']}" for result in results if "note" in result)]
    lines += ["", "## What is left out", ""]
    for name, suite in suites.items():
        lines += [f"- {name}: `{option}`: {reason}" for option, reason in suite.left_out]
    lines += ["", "## Differences", ""]
    lines += [f"- {result['name']}: {text}" for result in results for text in differences(result)] or ["None."]
    return "\n".join([*lines, ""])


def _row(result, suite):
    told = [_counts(_of(result, mode)[0]["outcomes"]) for mode in ("bare", "observe", "learn", "enforce")]
    tests = len(_of(result, "bare")[0]["outcomes"])
    return _cells(f"{suite.name} {suite.version}", suite.what, tests, *told)


def _times_row(result, times):
    bare, found = _of(result, "bare"), [result["name"], len(_of(result, "bare"))]
    for measure in part_ratios.MEASURES:
        found += [f"{statistics.median(run[measure] for run in bare):.1f} s"]
        found += [_told(times[result["name"], measure, mode]) for mode in GUARDED]
    return _cells(*found)


def _cells(*cells):
    return f"| {' | '.join(map(str, cells))} |"


def _told(ratio):
    return f"{ratio.median:.3f}×" + (f" [{ratio.lower:.3f}, {ratio.upper:.3f}]" if ratio.pairs > 1 else "")


def _above(times, measure):
    found = {f"{name} under {mode}": ratio for (name, by, mode), ratio in times.items() if by == measure}
    wholly = [name for name, ratio in found.items() if ratio.lower > MOST]
    told = [f"{name} ({ratio.median:.3f})" for name, ratio in found.items() if ratio.median > MOST and name not in wholly]
    return ABOVE.format(most=MOST, measure=NAMES[measure], wholly=", ".join(wholly) or "none", told=", ".join(told) or "none")


def _of(result, mode):
    return [run for run in result["runs"] if run["mode"] == mode]


def _counts(outcomes):
    names = {"passed": "passed", "skipped": "skipped", "failure": "failed", "error": "errors"}
    counts = collections.Counter(outcomes.values())
    return ", ".join(f"{counts[key]} {name}" for key, name in names.items() if counts[key]) or "none"
