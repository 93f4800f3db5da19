"""Measures what the guard costs, against bare Python and a plain audit hook; fails when a budget is broken.

    python benchmarks                              every workload, sixty pairs each, budgets checked
    python benchmarks --write                      the same, and the results that are kept beside this file
    python benchmarks --only start,numpy           some workloads
    python benchmarks --quick                      does it run at all: what needs no package, three pairs, no budgets
"""

import argparse
import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[1:1] = [str(HERE), str(HERE.parent), str(HERE.parent / "tests")]

import environment  # noqa: E402 - found through the line above, as are its neighbours
import launching  # noqa: E402
import memory  # noqa: E402
import pairs  # noqa: E402
import preloading  # noqa: E402
import ratios  # noqa: E402
import results  # noqa: E402
import timed  # noqa: E402
import variants  # noqa: E402
import workloads  # noqa: E402

# The hooks of others run in one round of so many; an import takes malwi-box twenty seconds, a loop of calls many minutes.
OFTEN, SLOW = 3, 20
TRIES = 5
PROBE = "import sys; print('%d.%d.%d' % sys.version_info[:3])"


@dataclass(frozen=True, slots=True)
class Measured:
    """Everything that came out: `taken` {workload: {variant: [CPU seconds]}}, `calls` {workload: calls of what is
    measured}, `told` {workload: {variant: [CPU seconds that the program says of its own statements]}}, `memory` {workload: MB that the guard adds}, `inside`, `launching` and `preloading` as they return it, `budgets` {kind: {workload: limit}}."""

    rounds: int
    tries: int
    taken: dict
    calls: dict
    told: dict
    memory: dict
    inside: dict
    launching: dict
    preloading: dict
    budgets: dict

    def seconds(self, workload, variant):
        """Return the CPU seconds of each round."""
        return self.taken[workload][variant]

    def ratio(self, workload, variant="guarded", reference="bare"):
        """Return the Ratio of a variant to another; None where one of them can't be had here."""
        if not {variant, reference} <= set(self.taken[workload]):
            return None
        return ratios.ratio(self.seconds(workload, variant), self.seconds(workload, reference))

    def alone(self, workload):
        """Return the Ratio of the statements alone, without the start and the end of the process; None where they weren't timed."""
        guarded, bare = (self.told[workload][variant] for variant in ("guarded", "bare"))
        return None if None in guarded + bare else ratios.ratio(guarded, bare)

    def per_call(self, workload):
        """Return the microseconds that the guard adds to each call, as a Ratio whose unit they are; None where there is no call."""
        calls = self.calls[workload]
        if not calls:
            return None
        pairs = zip(self.seconds(workload, "guarded"), self.seconds(workload, "bare"), strict=True)
        return ratios.summary([(guarded - bare) / calls * 1e6 for guarded, bare in pairs])


def main(arguments=None):
    """Measure, print, and return 1 when a budget is broken."""
    options = parse(arguments)
    chosen = options.only.split(",") if options.only else None
    needs_packages = not options.quick
    python = environment.make(options.python, with_packages=needs_packages)
    version = subprocess.run([python, "-I", "-c", PROBE], capture_output=True, text=True, check=True).stdout.strip()
    before = launching.load()
    with variants.stage(python, core=options.core) as stage:
        measured = measure(stage, python, chosen, options, version)
    text = results.page(measured, python=version, load=(before, launching.load()))
    print(text)
    if options.write:
        (HERE / "results.md").write_text(text)
        results.write_values(measured, HERE / "results.json", python=version)
    return check(measured)


def parse(arguments):
    """Return the options; `--quick` sets those that weren't typed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", metavar="NAMES", help="workloads, separated by commas")
    parser.add_argument("--rounds", type=int, help="pairs of processes a workload (60; 3 with --quick)")
    parser.add_argument("--core", default="auto", choices=("auto", "c", "py"), help="the core to measure (auto)")
    parser.add_argument("--python", default=sys.executable, help="the interpreter to measure (this one)")
    parser.add_argument("--budgets", type=Path, help="budgets.toml by default; with --quick none")
    parser.add_argument("--quick", action="store_true", help="only see that it runs")
    parser.add_argument("--write", action="store_true", help="write results.md and results.json")
    options = parser.parse_args(arguments)
    options.rounds = options.rounds or (3 if options.quick else ratios.FEW)
    if options.budgets is None and not options.quick:
        options.budgets = HERE / "budgets.toml"
    return options


def measure(stage, python, chosen, options, version):
    """Return the Measured of the chosen workloads."""
    wanted = [
        workload
        for workload in workloads.every(stage.file, times=0.05 if options.quick else 1)
        if (chosen is None or workload.name in chosen) and not (options.quick and workload.is_import)
    ]
    taken, told, larger, inside = {}, {}, {}, {}
    tries = 1 if options.quick else TRIES
    in_c = None if options.core == "py" or options.quick else timed.build(stage, python)
    for workload in wanted:
        pairs.progress(f"{workload.name}: {options.rounds} rounds")
        taken[workload.name], told[workload.name] = take(stage, workload, options)
        larger[workload.name] = memory.added(stage, workload, rounds=min(options.rounds, TRIES))
        if in_c is not None and workload.is_import:
            inside[workload.name] = timed.time_inside(in_c, stage, python, workload, tries=tries)
        elif options.core == "py" and (workload.is_import or options.quick):
            inside[workload.name] = time_inside(stage, python, workload, tries)
    launched = launching.measure(stage, python, rounds=min(options.rounds, 15))
    preloaded = preloading.measure(stage, python, rounds=options.rounds)
    limits = ratios.budgets(options.budgets, version) if options.budgets else {}
    for others in ("supervised", "tree"):
        limits.pop(others, None)  # by scripts of their own
    calls = {workload.name: workload.calls for workload in wanted}
    return Measured(options.rounds, tries, taken, calls, told, larger, inside, launched, preloaded, limits)


def take(stage, workload, options):
    """Return {variant: its CPU seconds} and {variant: what its programs said}: bare and guarded in each round, the audit hooks of others in some of them."""
    compared = [stage.variants[name] for name in ("bare", "guarded")]
    others = [
        (variant, -(-options.rounds // (SLOW if variant.name == "malwi-box" else OFTEN)))
        for variant in stage.variants.values()
        if variant not in compared and not (variant.name == "malwi-box" and workload.calls)
    ]
    told = {}
    return pairs.measure(workload, compared, rounds=options.rounds, others=others, told=told), told


def time_inside(stage, python, workload, tries):
    """Return what the process that spent the least time inside the guard with the core in Python has said."""
    command = [python, str(HERE / "inside.py"), stage.session, str(HERE.parent), workload.code]
    bare = stage.variants["bare"].environment
    said = [subprocess.run(command, env=bare, capture_output=True, text=True, check=True).stdout for _ in range(tries)]
    return min((json.loads(text.splitlines()[-1]) for text in said), key=lambda spent: spent["hook_ms"] + spent["finder_ms"])


def check(measured):
    """Print the budgets that are broken; return the exit status."""
    names = list(measured.taken)
    found = {
        "cpu": {name: measured.ratio(name) for name in names},
        "against-the-return-hook": {name: measured.ratio(name, reference="return hook") for name in names},
        "microseconds": {name: measured.per_call(name) for name in names},
        "megabytes": measured.memory,
    }
    broken = [line for kind, limits in measured.budgets.items() for line in ratios.over(found[kind], limits)]
    broken += results.only_alone(measured)
    print("\n".join(broken), file=sys.stderr)
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
