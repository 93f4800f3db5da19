"""A denial as a user meets it: on standard error, in the records, and as the end of the whole tree."""

import json
import socket
import subprocess
from pathlib import Path

import pytest
from support import envs, guarded, wheels

SCHEMA = Path(__file__).resolve().parents[2] / "importguard" / "report" / "record.schema.json"
SECONDS = 60
CONNECTS = """
import os, socket
try:
    socket.create_connection(("127.0.0.1", int(os.environ["PORT"])), 5).close()
except PermissionError:
    pass
"""
SPAWNS = """
import os
try:
    os.posix_spawn("/bin/sh", ["sh", "-c", "echo spawned", "--token", "s3cr3t"], {})
except PermissionError:
    pass
"""


@pytest.fixture
def run(tmp_path, empty_environment):
    """Returns a function that installs a wheel with one module and runs Python code guarded beside it."""
    environment = envs.copy(empty_environment, tmp_path / "env")

    def run(source, code, *options, **variables):
        wheel = wheels.Wheel("grabby", "1.0", {"grabby.py": source})
        envs.install(environment, wheel, folder=tmp_path / "wheels")
        line = [*guarded.launcher(), "run", *options, "--", environment.python, "-c", code]
        environ = {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), **variables}
        return subprocess.run(
            list(map(str, line)), env=environ, cwd=tmp_path, capture_output=True, text=True, timeout=SECONDS
        )

    return run


def test_a_denied_connection_reaches_nobody_and_is_shown(run):
    """The listener hears nothing; standard error has one JSON line with owner, phase and rule."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0.2)
        port = str(listener.getsockname()[1])

        ended = run(CONNECTS, "import grabby; print('went on')", PORT=port)

        with pytest.raises(TimeoutError):
            listener.accept()
    assert (ended.returncode, ended.stdout) == (0, "went on\n")
    (denied,) = [json.loads(line) for line in ended.stderr.splitlines()]
    assert (denied["verdict"], denied["owner"]["name"], denied["phase"]) == ("deny", "grabby", "import")


@pytest.mark.parametrize("core", ["c", "py"])
def test_the_suggested_line_allows_another_passing_port(run, tmp_path, core):
    """The line says the machine itself and no port: added to a policy, the next run's connection arrives."""
    denied = run(CONNECTS, "import grabby", "--core", core, PORT=str(passing_port()))
    (line,) = [json.loads(line)["allow"] for line in denied.stderr.splitlines()]
    policy = tmp_path / "importguard.toml"
    policy.write_text("version = 1\n" + line.replace("] ", "]\n", 1) + "\n")

    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(SECONDS)
        port = str(listener.getsockname()[1])
        allowed = run(CONNECTS, "import grabby", "--core", core, "--policy", str(policy), PORT=port)
        listener.accept()[0].close()

    assert line == '[package.grabby] import.allow = ["net.connect:$loopback"]'
    assert (allowed.returncode, allowed.stderr) == (0, "")


def passing_port():
    """Return a port of the kind that the system gives to who asks for none."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


def test_every_record_of_a_run_fits_the_schema(run, tmp_path):
    """armed, decision, killed and exit, as they are really written, with the secret argument masked."""
    jsonschema = pytest.importorskip("jsonschema", reason="needs jsonschema")
    validator = jsonschema.Draft202012Validator(json.loads(SCHEMA.read_text()))
    records = tmp_path / "records.jsonl"

    ended = run(SPAWNS, "import grabby", "--on-violation", "kill", "--records", str(records))

    lines = [json.loads(line) for line in records.read_text().splitlines()]
    assert [line["event"] for line in lines] == ["armed", "decision", "killed", "exit"], ended.stderr
    assert [error.message for line in lines for error in validator.iter_errors(line)] == []
    assert lines[1]["argv"][-2:] == ["--token", "***"]


def test_on_violation_kill_ends_the_run_with_86(run):
    """Nothing after the violation happens."""
    ended = run(SPAWNS, "import grabby; print('went on')", "--on-violation", "kill")

    assert (ended.returncode, ended.stdout) == (86, "")


def test_observing_lets_it_happen_and_says_so(run):
    """The child ran, and the record says `log`."""
    ended = run(SPAWNS + "\nos.wait()", "import grabby", "--mode", "observe")

    assert ended.stdout == "spawned\n"
    assert "log" in {json.loads(line)["verdict"] for line in ended.stderr.splitlines()}


def test_a_record_that_no_real_process_wrote_is_no_valid_record():
    """The schema refuses something: it is not the schema that lets everything through."""
    jsonschema = pytest.importorskip("jsonschema", reason="needs jsonschema")
    validator = jsonschema.Draft202012Validator(json.loads(SCHEMA.read_text()))

    assert not validator.is_valid({"v": 1, "event": "decision", "pid": 1})
    assert not validator.is_valid([])
