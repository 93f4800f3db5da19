"""importguard's own commands below a guarded process: the preload reaches these as well."""

import json
import shlex
import sys

import pytest
from support import guarded


@pytest.mark.parametrize("wanted", [[], ["--mode", "observe"]])
def test_a_run_within_a_run_behind_a_shell(wanted, world):
    """The outer policy stays, one notice says so, and the inner command is guarded once."""
    inner = [*guarded.launcher(), "run", *wanted, "--", str(world.environment.python), "-I", "-c", "import acme_kid; print(42)"]

    outcome = guarded.run(world, ["/bin/sh", "-c", shlex.join(inner)])

    assert (outcome.returncode, outcome.stdout) == (0, "42\n"), outcome.story()
    assert outcome.stderr.count("already guarded by an outer run") == 1, outcome.story()
    assert "GET:/kid" not in world.evidence()
    assert outcome.decisions(capability="net.connect", owner="acme-kid", verdict="deny"), outcome.story()
    [armed] = [record for record in outcome.records if record["event"] == "armed" and "import acme_kid" in str(record["argv"][-1:])]
    assert armed["mode"] == "enforce"


def test_the_doctor_looks_whether_the_interpreter_loads_the_object():
    """The check `preload` holds where the object is built."""
    done = guarded.importguard("doctor", "--json")

    [check] = [check for check in json.loads(done.stdout)["checks"] if check["name"] == "preload"]
    assert check["state"] == "holds", (check, sys.executable)
