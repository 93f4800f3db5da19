"""Measures what the kernel's layers cost a program that isn't guarded otherwise: bare, sealed, and beneath ceilings.

    python benchmarks/layers.py [--rounds 60] [--write]     fetches pandas once
"""

import argparse
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[1:1] = [str(HERE), str(HERE.parent), str(HERE.parent / "tests")]

import pairs  # noqa: E402 - found through the line above, as are its neighbours
import ratios  # noqa: E402
from launching import load  # noqa: E402
from support import interpreters, kept  # noqa: E402

from importguard.kernel import layers, machine  # noqa: E402
from importguard.kernel.ceiling import Ceiling  # noqa: E402
from importguard.kernel.plan import Plan  # noqa: E402

PROGRAMS = {
    "import pandas": "import pandas",
    "start": "pass",
    "open and close a file 20,000 times": "import os\nfor _ in range(20000): os.close(os.open('/etc/hostname', os.O_RDONLY))",
    "make and close a socket 20,000 times": "import socket\nfor _ in range(20000): socket.socket(socket.AF_UNIX).close()",
}
BUDGETS = {("import pandas", "seal"): 1.01, ("import pandas", "seal and ceilings"): 1.03}
HEAD = """# What the kernel's layers cost

Written by `python benchmarks/layers.py --write`: CPU seconds of fresh processes in paired rounds, the median ratio to bare with
its 95 % interval. No guard is in the interpreter here. The ceilings are writes to two folders, two ports, signals, and all
pieces of seccomp that go with them; the secrets are hidden beside them. {rounds} rounds, load of a CPU before and after: {load}.

| program | seal | seal and ceilings | and secrets |
|---|---|---|---|
"""


def plans(folder):
    """Return {variant: Plan}."""
    found = machine.look()
    held = Ceiling(writable=(folder, "/tmp"), connect=(443, 5432), listen=(), resolve=False, signal=False, abstract=False)
    hidden = Ceiling(*(getattr(held, name) for name in Ceiling.__slots__[:-1]), hidden=(f"{Path.home()}/.ssh", "/etc/shadow"))
    pieces = ("seal", "ports", "datagrams")
    return {
        "bare": Plan(found.kind),
        "seal": Plan(found.kind, filters=("seal",)),
        "seal and ceilings": Plan(found.kind, filters=pieces, ceiling=held, abi=found.landlock),
        "and secrets": Plan(found.kind, filters=pieces, ceiling=hidden, abi=found.landlock),
    }


def measure(python, code, variants, rounds):
    """Return {variant: CPU seconds of each round}; the order turns with the rounds."""
    taken = {name: [] for name in variants}
    for number in range(-pairs.WARM_UP, rounds):
        names = list(variants)
        at = number % len(names)
        for name in (*names[at:], *names[:at]):
            argv = [str(python), "-I", "-c", code]
            seconds = layers.call_beneath(variants[name], lambda argv=argv: pairs.run(argv, {"PATH": "/usr/bin:/bin"}))
            if number >= 0:
                taken[name].append(seconds)
    return taken


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=60)
    parser.add_argument("--write", action="store_true", help="keep the results beside this file")
    parser.add_argument("--only", choices=PROGRAMS, help="one program")
    options = parser.parse_args()
    lines, over, before = [], [], load()
    python = kept.environment(("pandas",), interpreters.own()).python
    with tempfile.TemporaryDirectory() as folder:
        for program, code in PROGRAMS.items():
            if options.only not in (program, None):
                continue
            pairs.progress(program)
            taken = measure(python, code, plans(folder), options.rounds)
            found = {name: ratios.ratio(values, taken["bare"]) for name, values in taken.items() if name != "bare"}
            lines.append(f"| {program} | " + " | ".join(map(str, found.values())) + " |")
            over += [f"{program}: {found[name]} > {limit}" for (what, name), limit in BUDGETS.items() if what == program and found[name].lower > limit]
    text = HEAD.format(rounds=options.rounds, load=f"{before:.1f}, {load():.1f}") + "\n".join(lines) + "\n"
    (HERE / "layers.md").write_text(text) if options.write else print(text)
    print("\n".join(over) or "all within their budgets", file=sys.stderr)
    return bool(over)


if __name__ == "__main__":
    sys.exit(main())
