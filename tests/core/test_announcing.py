"""The record that a process is armed, which the core in C writes by itself where that is plain, and the recorder where it isn't."""

import json
import os

import pytest
from support import guarded

from importguard.report.sink import to_line

ARGUMENTS = (
    "plain",
    'a "quoted" \\ line',
    "tabs\tlines\nbells\x07escapes\x1b[31m and \x7f",
    "é, \u202e and \U0001f40d",
    os.fsdecode(b"no UTF-8: \xff"),
    "long " + "x" * 5000,
)
PLAIN = ARGUMENTS[:3]
CORES = ("c", "py")


def armed_with(world, core, argument):
    """Run a guarded program with an argument; return the lines of its records that say that a process is armed."""
    records = world.root / f"{core}.jsonl"
    records.write_text("{}\n")
    command = [world.environment.python, "-c", "import sys; print('importguard.recorder' in sys.modules)", argument]
    outcome = guarded.run(world, command, options=("--core", core, "--no-supervisor", "--records", str(records)))
    assert outcome.returncode == 0, outcome.story()
    assert records.read_text(errors="replace").startswith("{}\n")
    is_plain = core == "c" and argument in PLAIN
    assert outcome.stdout == f"{not is_plain}\n"  # who wrote it
    return [line for line in records.read_bytes().splitlines(keepends=True) if b'"event":"armed"' in line]


@pytest.mark.parametrize("argument", ARGUMENTS, ids=lambda text: text.encode("ascii", "replace").decode()[:12])
def test_both_cores_write_the_same_of_an_argument(world, argument):
    """A record gives back what it was told, or as much of it as a line may hold."""
    records = []
    for core in CORES:
        (line,) = armed_with(world, core, argument)
        records.append(json.loads(line))
        assert records[-1]["argv"][-1] == argument or (len(argument) > 4096 and records[-1]["cut"])

    varying = {"id", "time", "pid", "ppid", "core", "layers"}
    first, second = ({name: value for name, value in record.items() if name not in varying} for record in records)
    assert first == second
    assert list(records[0]) == list(records[1])


@pytest.mark.parametrize("argument", PLAIN)
def test_the_core_in_c_writes_a_line_as_python_does(world, argument):
    """Byte for byte."""
    (line,) = armed_with(world, "c", argument)

    assert to_line(json.loads(line)) == line
