"""Measures what a lookup in the known-malicious database costs: one line a way to ask, nanoseconds, best of five runs.

Run it as `python benchmarks/advisories.py`; each value comes from a process of its own.
"""

import subprocess
import sys
import timeit

SETUP = "from importguard.advisories import database, mapped; opened = {opener}.open()"
OPENERS = ("database", "mapped")
QUESTIONS = {
    "listed, affected": "opened.lookup('litellm', '1.82.8')",
    "listed, other version": "opened.lookup('litellm', '1.82.6')",
    "not listed": "opened.lookup('requests', '2.32.3')",
    "331 versions": "opened.lookup('reywechat', '0.0.1')",
}
REST = {
    "import of the reader": ("import sys", "import importguard.advisories.database", 1),
    "opening the file": ("from importguard.advisories import database", "database.open()", 1000),
}
ROUNDS, RUNS = 5, 2000


def main():
    """Print a line for everything that is measured."""
    for name, (setup, statement, number) in REST.items():
        print(f"{name:32} {measured(setup, statement, number):>10} ns")
    for opener in OPENERS:
        for name, statement in QUESTIONS.items():
            value = measured(SETUP.format(opener=opener), statement, RUNS)
            print(f"{opener + ': ' + name:32} {value:>10} ns")


def measured(setup, statement, number):
    """Return the nanoseconds of one statement, measured in a fresh process."""
    command = [sys.executable, __file__, setup, statement, str(number)]
    return int(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def measure(setup, statement, number):
    """Print the nanoseconds of one statement; what runs once, as an import does, isn't repeated."""
    repeats = ROUNDS if number > 1 else 1
    print(round(min(timeit.repeat(statement, setup, number=number, repeat=repeats)) / number * 1e9))


if __name__ == "__main__":
    if len(sys.argv) > 1:
        measure(sys.argv[1], sys.argv[2], int(sys.argv[3]))
    else:
        main()
