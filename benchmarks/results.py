"""Writes what was measured: a page for people, and the values in pyperf's JSON for machines."""

import datetime
import platform
import statistics

import pyperf
import ratios

# What pyperf knows of a machine, without what names it or shows its folders.
OTHERS = ("plain hook", "return hook", "malwi-box")
SAID = ("aslr", "cpu_count", "cpu_model_name", "python_implementation")
PAGE = """# What the guard costs

Measured {date} with CPython {python} on {machine}, by `python benchmarks --rounds {rounds}`.
The processes that wanted each CPU were {before:.1f} when it began and {after:.1f} when it ended, its own one included.

CPU time of whole processes, user and system, in rounds of one fresh process a variant; the ratio is the median of the
rounds' own ratios with its 95 % bootstrap interval. The plain hook is the twenty lines in
[plain_hook](plain_hook/sitecustomize.py), the return hook is [one in C](return_hook/return_hook.c) that does nothing, and
malwi-box is [its hook](malwi_box/sitecustomize.py) where it installs, at imports alone: a loop of calls took it more than
five minutes a process. The guarded process starts as `importguard run` starts it, beneath the kernel's seal. A budget is broken when
the whole interval lies above it.

| workload | pairs | bare, ms | guarded, ms | guarded / bare | budget | plain hook | return hook | malwi-box |
|---|---|---|---|---|---|---|---|---|
{rows}

## Imports alone

What the import itself takes, as the program tells: CPU time of all threads of the process from before the statement until after
it, in the very processes of the table above. The budget judges the whole process, since that is what a user waits for; its start
and its end, which every command pays once, are in the one ratio and not in the other.{only_alone}

| workload | bare, ms | guarded, ms | whole process | import alone | budget |
|---|---|---|---|---|---|
{alone}

## Calls and memory

What the guard adds to one call, in microseconds, and to the largest resident set of the process:

| workload | a call, µs | budget | memory, MB |
|---|---|---|---|
{calls}

## Inside the guard

Wall time inside the audit hook, and inside the finder's look at each module that was found; the best of {tries} processes. Of the
core in C it is a build that tells it (`timed.h`), start-up included; the event that the finder raises for each module, to hear
whether the hook is still there, is in both.
An upper bound: the timer around each event is in it, and on a busy machine the waiting too.

| workload | hook, ms | events | finder, ms | modules | share of the bare process |
|---|---|---|---|---|---|
{inside}

## The launcher

Wall time of a command bare and beneath `importguard run`, which looks at the environment, makes the session and stays
as the supervisor. It is paid once a command, not once a process.

| command | bare, ms | `importguard run`, ms |
|---|---|---|
{launching}

## The preload

CPU time of whole processes with and without the object in `LD_PRELOAD`, in rounds as above; the guarded interpreter has
`PYTHONPATH` in both.

| process | without, ms | with, ms | with / without |
|---|---|---|---|
{preloading}
"""


def machine():
    """Return pyperf's description of this machine and Python, as plain values."""
    known = pyperf.Run([1.0], collect_metadata=True).get_metadata()
    system = f"{platform.system()} {platform.release().partition('-')[0]} {platform.machine()}"
    return {**{name: known[name] for name in SAID if name in known}, "platform": system}


def page(measured, *, python, load):
    """Return the Markdown page of a Measured; `load` is what `launching.load` said before and after."""
    about = machine()
    return PAGE.format(
        date=datetime.date.today().isoformat(), python=python, rounds=measured.rounds, before=load[0], after=load[1], tries=measured.tries,
        machine=f"{about.get('cpu_count', '?')} × {about.get('cpu_model_name', 'unknown CPU')}, {about['platform']}",
        rows="\n".join(_row(name, measured) for name in measured.taken),
        alone="\n".join(_alone(name, measured) for name in measured.taken if measured.alone(name)) or "| none | | | | | |",
        only_alone="".join(f"\n\n**{line}**" for line in only_alone(measured)),
        calls="\n".join(_call(name, measured) for name in measured.taken),
        inside="\n".join(_inside(name, measured) for name in measured.inside) or "| none | | | | | |",
        preloading="\n".join(_preload(*item) for item in measured.preloading.items()) or "| none | | | |",
        launching="\n".join(_launch(*item) for item in measured.launching.items()),
    )  # fmt: skip


def _row(name, measured):
    others = [str(measured.ratio(name, other) or "not here") for other in OTHERS]
    limit = measured.budgets.get("cpu", {}).get(name)
    guarded = measured.ratio(name)
    shown = [name, str(guarded.pairs), *(_ms(measured.seconds(name, variant)) for variant in ("bare", "guarded")), str(guarded)]
    return "| " + " | ".join([*shown, f"{limit:.2f}" if limit else "none", *others]) + " |"


def _alone(name, measured):
    limit = measured.budgets.get("cpu", {}).get(name)
    values = [measured.told[name][variant] for variant in ("bare", "guarded")]
    shown = [name, *map(_ms, values), str(measured.ratio(name)), str(measured.alone(name)), f"{limit:.2f}" if limit else "none"]
    return "| " + " | ".join(shown) + " |"


def only_alone(measured):
    """Return a line for each budget that the import alone keeps and the whole process breaks."""
    limits = {name: limit for name, limit in measured.budgets.get("cpu", {}).items() if name in measured.taken}
    return [
        f"{name}: the import alone keeps the budget of {limit:.2f} ({measured.alone(name)}), the whole process does not ({measured.ratio(name)})"
        for name, limit in limits.items()
        if measured.alone(name) and measured.alone(name).lower <= limit < measured.ratio(name).lower
    ]


def _call(name, measured):
    larger, added, limit = measured.memory[name], measured.per_call(name), measured.budgets.get("microseconds", {}).get(name)
    shown = [name, str(added) if added else "", f"{limit:.1f}" if limit else "", f"{larger.median:.1f}" if larger else "not here"]
    return "| " + " | ".join(shown) + " |"


def _inside(name, measured):
    spent = measured.inside[name]
    share = (spent["hook_ms"] + spent["finder_ms"]) / 1e3 / statistics.median(measured.seconds(name, "bare"))
    columns = (f"{spent['hook_ms']:.1f}", spent["events"], f"{spent['finder_ms']:.1f}", spent["specs"], f"{share:.1%}")
    return f"| {name} | " + " | ".join(map(str, columns)) + " |"


def _launch(command, taken):
    return f"| `{command}` | {taken[0] * 1e3:.0f} | {taken[1] * 1e3:.0f} |"


def _preload(process, taken):
    without, preloaded = taken
    return f"| {process} | {_ms(without)} | {_ms(preloaded)} | {ratios.ratio(preloaded, without)} |"


def _ms(seconds):
    return f"{statistics.median(seconds) * 1e3:.1f}"


def write_values(measured, path, *, python):
    """Write every value as a pyperf suite: `WORKLOAD (VARIANT)`, one run a process; the rounds keep their order."""
    about = {**machine(), "python_version": python, "unit": "second", "loops": 1, "timer": "user and system time of wait4"}
    suite = []
    for workload, variants in measured.taken.items():
        for variant in variants:
            known = {**about, "name": f"{workload} ({variant})"}
            runs = [pyperf.Run([value], metadata=known, collect_metadata=False) for value in measured.seconds(workload, variant)]
            suite.append(pyperf.Benchmark(runs))
    pyperf.BenchmarkSuite(suite).dump(str(path), replace=True)


