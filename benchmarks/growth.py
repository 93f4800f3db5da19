"""How the guard's cost grows: with the depth of the stack, with distributions, with rules.

    python benchmarks/growth.py              measure, and print the table
    python benchmarks/growth.py --write      the same, and growth.md, growth.json and growth.svg beside this file

CPU time of whole processes, bare and guarded in turns; what is shown is the median of the rounds' own differences.
"""

import argparse
import datetime
import json
import statistics
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[1:1] = [str(HERE), str(HERE.parent), str(HERE.parent / "tests")]

import environment  # noqa: E402 - found through the line above, as are its neighbours
import launching  # noqa: E402
import pairs  # noqa: E402
import variants  # noqa: E402
import workloads  # noqa: E402

DEPTHS = (10, 50, 100, 200, 500)
DISTRIBUTIONS = (10, 30, 100, 300, 1000)
RULES = (10, 100, 1000, 10_000)
FILES = 20  # in each distribution: what half of PyPI's most downloaded wheels have at most
CALLS = 10_000
DEEP = f"import {workloads.RESTRICTED}; {workloads.RESTRICTED}.connect_deep({{depth}}, {CALLS})"
PAGE = """# How the cost grows

Measured {date} with CPython {python}, by `python benchmarks/growth.py --rounds {rounds}`. The processes that wanted each
CPU were {before:.1f} when it began and {after:.1f} when it ended, its own included.

![How the cost grows](growth.svg)

CPU time that the guard adds to a process, the median of {rounds} paired rounds. The stack is of a package without grants, which
connects at its end: the walk to whoever is to blame goes through all of it. Distributions have {files} files each and run
nothing. The rules are denials of domains that nobody asks for.

| what | how many | added | unit |
|---|---|---|---|
{rows}
"""


@dataclass(frozen=True, slots=True)
class Point:
    """What the guard adds at one size: `series` names the growth, `unit` is "µs a call" or "ms a start"."""

    series: str
    size: int
    added: float
    unit: str


def main(arguments=None):
    """Measure each series, print it, and keep it where that is wanted."""
    options = parse(arguments)
    before = launching.load()
    points = [point for series in SERIES if series in options.only for point in SERIES[series](options)]
    text = page(points, options, (before, launching.load()))
    print(text)
    if options.write:
        (HERE / "growth.md").write_text(text)
        (HERE / "growth.json").write_text(json.dumps([point_values(point) for point in points], indent=1) + "\n")
        plot(points, HERE / "growth.svg")


def parse(arguments):
    """Return the options."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default=",".join(SERIES), help="series, separated by commas (all: %(default)s)")
    parser.add_argument("--rounds", type=int, default=15, help="pairs of processes a point (%(default)s)")
    parser.add_argument("--python", default=sys.executable, help="the interpreter to measure (this one)")
    parser.add_argument("--write", action="store_true", help="write growth.md, growth.json and growth.svg")
    options = parser.parse_args(arguments)
    options.only = options.only.split(",")
    return options


def depth(options):
    """Yield a Point for each depth of the stack: what a decided request costs there."""
    python = environment.make(options.python, with_packages=False)
    with variants.stage(python) as stage:
        for size in DEPTHS:
            seconds = added(stage, DEEP.format(depth=size), options.rounds)
            yield Point("depth", size, seconds / CALLS * 1e6, "µs a call")


def distributions(options):
    """Yield a Point for each number of distributions: what a start costs beside them."""
    for size in DISTRIBUTIONS:
        with tempfile.TemporaryDirectory(prefix="benchmark-of-importguard-") as folder:
            python = furnish(Path(folder), options.python, size)
            with variants.stage(python) as stage:
                yield Point("distributions", size, added(stage, "pass", options.rounds) * 1e3, "ms a start")


def rules(options):
    """Yield a Point for each number of rules: what a start costs with them."""
    python = environment.make(options.python, with_packages=False)
    for size in RULES:
        denied = ", ".join(f'"net.connect:host{number}.invalid"' for number in range(size))
        policy = f'version = 1\nextends = "recommended"\n\n[run]\ndeny = [{denied}]\n'
        with variants.stage(python, policy=policy) as stage:
            yield Point("rules", size, added(stage, "pass", options.rounds) * 1e3, "ms a start")


SERIES = {"depth": depth, "distributions": distributions, "rules": rules}


def added(stage, code, rounds):
    """Return the CPU seconds that the guard adds to a program."""
    workload = workloads.Workload("growth", code)
    taken = pairs.measure(workload, [stage.variants["bare"], stage.variants["guarded"]], rounds=rounds)
    both = zip(taken["guarded"], taken["bare"], strict=True)
    return statistics.median(guarded - bare for guarded, bare in both)


def furnish(folder, python, count):
    """Make an environment with `count` distributions, of which nothing but their RECORD is looked at; return its interpreter."""
    subprocess.run([python, "-I", "-m", "venv", "--without-pip", folder], check=True)
    [site] = folder.glob("lib/python3.*/site-packages")
    for number in range(count):
        name = f"acme_{number}"
        info = site / f"{name}-1.0.dist-info"
        (site / name).mkdir()
        info.mkdir()
        files = [f"{name}/__init__.py", *(f"{name}/part{at}.py" for at in range(FILES - 1))]
        (site / files[0]).touch()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        (info / "RECORD").write_text("".join(f"{file},,\n" for file in files) + f"{info.name}/METADATA,,\n{info.name}/RECORD,,\n")
    return str(folder / "bin" / "python")


def page(points, options, load):
    """Return the Markdown page."""
    version = subprocess.run(
        [options.python, "-I", "-c", "import sys; print('%d.%d.%d' % sys.version_info[:3])"], capture_output=True, text=True, check=True
    ).stdout.strip()
    rows = "\n".join(f"| {point.series} | {point.size:,} | {point.added:.2f} | {point.unit} |" for point in points)
    return PAGE.format(
        date=datetime.date.today().isoformat(), python=version, rounds=options.rounds, before=load[0], after=load[1], files=FILES, rows=rows
    )


def point_values(point):
    return {"series": point.series, "size": point.size, "added": point.added, "unit": point.unit}


def plot(points, path):
    """Draw the series side by side."""
    import matplotlib  # only where something is drawn: measuring does without

    matplotlib.use("svg")
    matplotlib.rcParams["svg.hashsalt"] = "importguard"  # the same drawing for the same values
    from matplotlib import pyplot

    names = list(dict.fromkeys(point.series for point in points))
    figure, axes = pyplot.subplots(1, len(names), figsize=(4 * len(names), 3), squeeze=False)
    for axis, name in zip(axes[0], names, strict=True):
        drawn = [point for point in points if point.series == name]
        axis.plot([point.size for point in drawn], [point.added for point in drawn], marker="o")
        axis.set(title=name, xscale="log", xlabel="how many", ylabel=f"added, {drawn[0].unit}")
        axis.set_ylim(bottom=0)
        axis.grid(alpha=0.3)
    figure.tight_layout()
    figure.savefig(path, metadata={"Date": None})


if __name__ == "__main__":
    main()
