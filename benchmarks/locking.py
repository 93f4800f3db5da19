"""Measures what a lock costs: processes under a lock of 300 distributions, and learning ones, against the preset alone.

What `importguard learn` costs as a whole is in learning.py.

    python benchmarks/locking.py                 sixty rounds of each workload; fails above BUDGETS
    python benchmarks/locking.py --write         the same, and the page that is kept beside this file
    python benchmarks/locking.py --rounds 5      does it run at all
"""

import argparse
import os
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[1:1] = [str(HERE), str(HERE.parent), str(HERE.parent / "tests")]

import environment  # noqa: E402 - found through the line above, as are its neighbours
import pairs  # noqa: E402
import ratios  # noqa: E402
import variants  # noqa: E402
import workloads  # noqa: E402
from support import envs, interpreters, wheels  # noqa: E402

from importguard.launch import command, directory, locked, prepare  # noqa: E402
from importguard.lock import model, write  # noqa: E402
from importguard.policy import grants, resolve  # noqa: E402

DISTRIBUTIONS = 300
FILES = 30
# What a distribution of a lock was seen to need. Most need nothing that a lock speaks of; here every third one does.
GRANTS = ("run:net.connect:example{0}.org:443", "run:net.resolve:example{0}.org", "import:native.call:mmap")
NEEDY = 3
BUDGETS = {"locked": 1.05, "learning": 1.15}
REFERENCE = "preset"
HEAD = """# What a lock costs

Written by `python benchmarks/locking.py --write`: CPU time of whole processes in an environment of 300 distributions, beneath a
lock of all of them, and while a lock is learnt, against `recommended` alone; rounds of one fresh process each, the median of
the rounds' own ratios with its 95 % interval. The launcher's part in learning is in [learning](learning.md).

| workload | rounds | locked / preset | learning / preset |
|---|---|---|---|
"""
CHOSEN = ("start", "open-close", "http", "restricted-open", "restricted-decided")


def main(arguments=None):
    """Print the ratios of each workload; return 1 when one of them is above its budget."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=ratios.FEW, help="processes of each kind a workload")
    parser.add_argument("--core", default="auto", choices=("auto", "c", "py"), help="the core to measure (auto)")
    parser.add_argument("--write", action="store_true", help="write locking.md")
    parser.add_argument("--only", nargs="+", default=CHOSEN, choices=CHOSEN, help="some workloads")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="benchmark-of-importguard-") as name:
        folder = Path(name).resolve()
        kinds = _variants(folder, _environment(folder), options.core)
        found = {work.name: _ratios(work, kinds, options.rounds) for work in _chosen(folder, options.only)}
    text = HEAD + "".join(_line(name, each) for name, each in found.items())
    print(text)
    if options.write:
        (HERE / "locking.md").write_text(text)
    over = [f"{name}: {kind} is above {limit}" for name, each in found.items() for kind, limit in BUDGETS.items() if each[kind].lower > limit]
    print("\n".join(over), file=sys.stderr)
    return 1 if over else 0


def _line(name, each):
    """Return a workload's line of the page."""
    return f"| {name} | {each['locked'].pairs} | {each['locked']} | {each['learning']} |\n"


def _ratios(workload, kinds, rounds):
    """Return {kind: Ratio to REFERENCE} of a workload."""
    pairs.progress(f"{workload.name}: {rounds} rounds")
    taken = pairs.measure(workload, kinds, rounds=rounds)
    return {kind: ratios.ratio(taken[kind], taken[REFERENCE]) for kind in BUDGETS}


def _chosen(folder, names):
    file = folder / "notes.txt"
    file.write_text("ordinary\n")
    return [workload for workload in workloads.every(file) if workload.name in names]


def _environment(folder):
    """Return an environment with as many distributions, each of a module and some files."""
    made = envs.create(folder / "env", interpreters.probe(sys.executable))
    items = [wheels.Wheel("acme-restricted", "1.0", {workloads.RESTRICTED + ".py": environment.RESTRICTED})]
    for number in range(DISTRIBUTIONS - 1):
        files = {f"acme_{number}/module_{at}.py": f"value = {at}\n" for at in range(FILES)}
        items.append(wheels.Wheel(f"acme-{number}", "1.0", files))
    envs.install(made, *items, folder=folder / "wheels")
    return made


def _variants(folder, made, core):
    python = str(made.python)
    bare = {"PATH": os.defpath, "HOME": str(folder / "home"), "LANG": "C.UTF-8", "TMPDIR": str(folder / "sessions")}
    for place in ("home", "sessions"):
        (folder / place).mkdir()
    os.chdir(folder)
    kinds = []
    typed = command.resolve([python, "-c", "pass"], bare)
    found = prepare.look(typed, bare)
    for kind in ("preset", "locked", "learning"):
        resolved = resolve.resolve({"core": core, "lock": "off"}, bare, folder)
        if kind == "locked":
            write.save(_lock(found, resolved), str(folder / "importguard.lock"))
            resolved = resolve.resolve({"core": core, "lock": "importguard.lock"}, bare, folder)
        started = time.process_time()
        prepared = prepare.prepare(
            found, resolved, bare, typed.argv, records=f"file:{folder}/{kind}.jsonl", recording=kind == "learning"
        )
        print(f"{'prepare':20} {kind:9} {time.process_time() - started:.3f} s, flat table of {os.path.getsize(prepared.directory.session)} bytes")
        directory.hold(prepared.directory)
        kinds.append(variants.Variant(kind, python, prepare.guarded(prepared, typed.argv, bare)[1]))
    return kinds


def _lock(found, resolved):
    """Return a lock that knows all of it, with GRANTS for every third; the one that is measured may reach what it does."""
    entries = []
    for number, entry in enumerate(locked.installed(found.sites, resolved)):
        texts = [text.format(number) for text in GRANTS] if number % NEEDY == 0 else []
        if entry.name == "acme-restricted":
            texts.append("run:net.connect:$loopback:9")
        entries.append(model.Entry(entry.name, entry.version, digests=entry.digests, grants=tuple(map(grants.parse, texts))))
    return model.lock(entries)


if __name__ == "__main__":
    sys.exit(main())
