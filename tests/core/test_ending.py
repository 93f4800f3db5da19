"""What a program does while its interpreter ends goes as it does bare, although the guard may first be needed then."""

import pytest
from support import guarded

STARTS = """
import subprocess, sys

class Last:
    def __del__(self, run=subprocess.run, command=[sys.executable, "-c", "print('the child ran', flush=True)"]):
        run(command{options})

last = Last()
"""
WAYS = {"plainly": "", "with-a-preexec": ", preexec_fn=int"}


@pytest.mark.parametrize("core", ["c", "py"])
@pytest.mark.parametrize("options", WAYS.values(), ids=WAYS)
def test_a_program_is_started_by_what_is_cleared_last(any_world, options, core):
    """The child runs, or CPython itself refuses in its own words; a child that runs is guarded."""
    command = [any_world.environment.python, "-c", STARTS.replace("{options}", options)]

    bare = guarded.run(any_world, command, mode=guarded.UNGUARDED)
    outcome = guarded.run(any_world, command, options=("--core", core))

    assert outcome.stdout == bare.stdout
    assert reason(outcome) == reason(bare), outcome.story()
    armed = {record["pid"] for record in outcome.records if record["event"] == "armed"}
    assert len(armed) == 1 + bare.stdout.count("the child ran"), outcome.story()


def reason(outcome):
    """Return why something was refused or went wrong, "" where nothing was."""
    return outcome.stderr.splitlines()[-1] if outcome.stderr else ""
