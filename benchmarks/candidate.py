"""Measures what a candidate costs beside the policy in force: a process guarded with both against one with one.

    python benchmarks/candidate.py                 sixty pairs of each workload; fails above BUDGET
    python benchmarks/candidate.py --write         the same, and the page that is kept beside this file
    python benchmarks/candidate.py --rounds 5      does it run at all
"""

import argparse
import os
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[1:1] = [str(HERE), str(HERE.parent), str(HERE.parent / "tests")]

import environment  # noqa: E402 - found through the line above, as are its neighbours
import pairs  # noqa: E402
import ratios  # noqa: E402
import variants  # noqa: E402
import workloads  # noqa: E402

from importguard.launch import command, directory, prepare  # noqa: E402
from importguard.policy import resolve  # noqa: E402

BUDGET = 1.10
HEAD = """# What a candidate costs beside the policy in force

Written by `python benchmarks/candidate.py --write`: CPU time of whole processes, guarded with two policies against guarded with
one, rounds of one fresh process each; the median of the rounds' own ratios with its 95 % interval.

| workload | pairs | with a candidate / without | budget |
|---|---|---|---|
"""
CHOSEN = ("start", "open-close", "restricted-open", "restricted-decided")
# A candidate as there are many: a little stricter, with a deputy of its own, so that blame is found twice.
ONE = 'version = 1\n[run]\ndeny = ["fs.read:/etc/shadow"]\n'
NEXT = ONE + '[import]\ndeny = ["fs.read:/etc/passwd"]\n[package.acme]\ndeputy = ["net.*"]\n'


def main(arguments=None):
    """Print the ratio of each workload; return 1 when one of them is above BUDGET."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=ratios.FEW, help="pairs of processes a workload")
    parser.add_argument("--core", default="auto", choices=("auto", "c", "py"), help="the core to measure (auto)")
    parser.add_argument("--write", action="store_true", help="write candidate.md")
    options = parser.parse_args(arguments)
    python = environment.make(sys.executable, with_packages=False)
    with tempfile.TemporaryDirectory(prefix="benchmark-of-importguard-") as name:
        folder = Path(name).resolve()
        both = [_variant(folder, python, options.core, kind) for kind in ("one", "both")]
        found = {work.name: _ratio(work, both, options.rounds) for work in _chosen(folder)}
    text = HEAD + "".join(f"| {workload} | {ratio.pairs} | {ratio} | {BUDGET:.2f} |\n" for workload, ratio in found.items())
    print(text)
    if options.write:
        (HERE / "candidate.md").write_text(text)
    return 1 if any(ratio.lower > BUDGET for ratio in found.values()) else 0


def _chosen(folder):
    file = folder / "notes.txt"
    file.write_text("ordinary\n")
    return [workload for workload in workloads.every(file) if workload.name in CHOSEN]


def _ratio(workload, both, rounds):
    pairs.progress(f"{workload.name}: {rounds} rounds")
    taken = pairs.measure(workload, both, rounds=rounds)
    return ratios.ratio(*(taken[name] for name in ("both", "one")))


def _variant(folder, python, core, kind):
    """Return the Variant with one policy, or with the same one and a candidate."""
    place = folder / kind
    (place / "sessions").mkdir(parents=True)
    (place / "next.toml").write_text(NEXT)
    (place / "policy.toml").write_text(ONE + ('[candidate]\npolicy = "next.toml"\n' if kind == "both" else ""))
    os.chdir(place)
    bare = {"PATH": os.defpath, "HOME": str(place), "LANG": "C.UTF-8", "TMPDIR": str(place / "sessions")}
    typed = command.resolve([python, "-c", "pass"], bare)
    resolved = resolve.resolve({"policy": "policy.toml", "core": core}, bare, place)
    prepared = prepare.prepare(prepare.look(typed, bare), resolved, bare, typed.argv, records=f"file:{place}/records.jsonl")
    directory.hold(prepared.directory)
    return variants.Variant(kind, python, prepare.guarded(prepared, typed.argv, bare)[1])


if __name__ == "__main__":
    sys.exit(main())
