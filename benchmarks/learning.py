"""Measures what `importguard learn` costs: whole programs and all that the command does beside them, against the same bare.

python benchmarks/learning.py                          sixty pairs of each program; fails above its budget
python benchmarks/learning.py --rounds 3               does it run at all
python benchmarks/learning.py --rounds 20 --only jinja2 --values kept.json    in several sessions, to be put together
python benchmarks/learning.py --rounds 0 --values kept.json --write           the page of what was kept
"""

import argparse
import json
import os
import statistics
import sys
import tempfile
import tomllib
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[1:1] = [str(HERE), str(HERE.parent), str(HERE.parent / "tests")]

import environment  # noqa: E402 - found through the line above, as are its neighbours
import pairs  # noqa: E402
import ratios  # noqa: E402
from launching import load  # noqa: E402

PACKAGES = HERE / "packages-learning.txt"
PROGRAMS = HERE / "programs"
CODE = {
    "requests": ("requesting.py",),
    "pandas": ("tables.py",),
    "jinja2": ("pages.py",),
    "django": ("site_of_pages.py",),
    "pytest": ("-m", "pytest", "-q", "-p", "no:cacheprovider", "suite"),
}
HEAD = """# What learning a lock costs

Written by `python benchmarks/learning.py --write`: CPU time of the whole tree, user and system, of a program bare and of
`importguard learn -o LOCK -- ` before it, with no lock there yet: the launcher, the program, and the end, where what was
seen is written down. importguard is as its users have it, installed from a wheel into an environment of its own. The
programs are in [programs](programs), and do what such programs are for; rounds of one fresh process each, the median of
the rounds' own ratios with its 95 % interval. CPython {version}.

| program | pairs | bare, s | learning, s | learning / bare | budget | load of a CPU |
|---|---|---|---|---|---|---|
"""


@dataclass(frozen=True, slots=True)
class Program:
    """A program: its `name` in the page, and the interpreter's arguments as `code`."""

    name: str
    code: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Way:
    """A way to run a program: what goes before the interpreter's arguments, and the lock that isn't to be there yet."""

    name: str
    before: tuple[str, ...]
    environment: dict
    lock: str = ""

    def argv(self, code):
        """Return the arguments that run a program."""
        if self.lock:
            Path(self.lock).unlink(missing_ok=True)
        return [*self.before, *code]

    def start(self, function):
        """Return what a function gives that starts a process: the launcher takes the kernel's layers itself."""
        return function()


def main(arguments=None):
    """Measure, print the page, and return 1 when a program is above the budget."""
    options = parse(arguments)
    kept = json.loads(options.values.read_text()) if options.values and options.values.exists() else {}
    if options.rounds:
        measure_all(options, kept)
    limit = tomllib.loads((HERE / "budgets.toml").read_text())["tree"]["learn"]
    text = page(kept, limit)
    print(text)
    if options.write:
        (HERE / "learning.md").write_text(text)
    over = ratios.over({name: ratio(values) for name, values in kept.items()}, dict.fromkeys(kept, limit))
    print("\n".join(over), file=sys.stderr)
    return 1 if over else 0


def measure_all(options, kept):
    """Put what each program takes beside what was kept, and keep it."""
    with tempfile.TemporaryDirectory(prefix="benchmark-of-importguard-") as folder:
        launcher = environment.with_importguard(Path(folder).resolve())
        for name in options.only:
            add(kept.setdefault(name, {"bare": [], "learn": [], "load": []}), measure(name, options.rounds, launcher))
            if options.values:
                options.values.write_text(json.dumps(kept) + "\n")


def measure(name, rounds, launcher):
    """Return {"bare": seconds of each round, "learn": the same, "load": before and after} of a program."""
    python = environment.make(sys.executable, with_packages=True, packages=PACKAGES)
    pairs.progress(f"{name}: {rounds} rounds")
    os.chdir(PROGRAMS)
    before = load()
    with tempfile.TemporaryDirectory(prefix="benchmark-of-importguard-") as folder:
        taken = pairs.measure(Program(name, CODE[name]), ways(Path(folder).resolve(), python, launcher), rounds=rounds)
    return {**taken, "load": [before, load()]}


def ways(folder, python, launcher):
    """Return the Ways to run the programs with an interpreter, bare and by importguard's launcher; what they write goes below a folder."""
    for child in ("home", "temporary"):
        (folder / child).mkdir()
    variables = {
        "PATH": os.defpath, "HOME": str(folder / "home"), "LANG": "C.UTF-8", "TMPDIR": str(folder / "temporary"),
        "PYTHONDONTWRITEBYTECODE": "1",
    }  # fmt: skip
    lock = str(folder / "importguard.lock")
    return [
        Way("bare", (python,), variables),
        Way("learn", (launcher, "learn", "-o", lock, "--", python), variables, lock),
    ]


def add(kept, values):
    """Put what was measured now beside what was kept."""
    for name, more in values.items():
        kept[name] += more


def ratio(values):
    """Return the Ratio of learning to bare."""
    return ratios.ratio(values["learn"], values["bare"])


def page(kept, limit):
    """Return the Markdown page."""
    version = ".".join(map(str, sys.version_info[:3]))
    return HEAD.format(version=version) + "".join(line(name, kept[name], limit) for name in CODE if name in kept)


def line(name, values, limit):
    """Return a program's line of the page."""
    bare, learn = (f"{statistics.median(values[way]):.2f}" for way in ("bare", "learn"))
    loads = f"{min(values['load']):.1f} to {max(values['load']):.1f}"
    return f"| {name} | {len(values['bare'])} | {bare} | {learn} | {ratio(values)} | {limit:.2f} | {loads} |\n"


def parse(arguments):
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=ratios.FEW, help="pairs of a program")
    parser.add_argument("--only", nargs="+", default=list(CODE), choices=list(CODE), help="some programs")
    parser.add_argument("--values", type=Path, metavar="FILE", help="keep what is measured here, beside what is there")
    parser.add_argument("--write", action="store_true", help="write learning.md")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
