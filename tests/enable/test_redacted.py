"""What an enabled environment writes by itself, without a supervisor that reads it first, holds no secret either."""

import json

import pytest
from support import envs, wheels

SECRETS = ("hunter2", "s3cr3t", "aws4")
LEAKS = """
import os
for words in (["sh", "-c", "true", "--token", "hunter2"], ["sh", "postgres://app:s3cr3t@db/x?aws4=1"]):
    try:
        os.posix_spawn("/bin/sh", words, {})
    except PermissionError as error:
        print(error)
"""

PROGRAM = "import leaky, subprocess, sys; subprocess.run([sys.executable, '-c', 'pass', *sys.argv[1:]])"


@pytest.fixture(params=["c", "py"])
def told(request, world):
    """Returns a function that enables the environment with options, has a package leak into its denials, and returns the run."""
    envs.install(world.environment, wheels.Wheel("leaky", "1.0", {"leaky.py": LEAKS}), folder=world.folder / "wheels")

    def told(*options):
        enabled = world.importguard("enable", *options, IMPORTGUARD_CORE=request.param)
        assert enabled.returncode == 0, enabled.stderr
        done = world.python("-c", PROGRAM, "--password", "hunter2")
        assert done.stdout.count("IG201: denied  leaky 1.0 -> proc.spawn /bin/") == 2, done.stderr
        return done

    return told


def test_what_it_prints_holds_no_secret(told):
    """A denial on standard error and the text of its exception show the call, with its secrets masked."""
    done = told()

    assert done.stderr.count("--token ***") >= 1
    assert "postgres://***@db/x?***" in done.stderr
    assert [secret for secret in SECRETS if secret in done.stdout + done.stderr] == []


def test_what_it_appends_to_a_file_holds_no_secret(told, tmp_path):
    """The records of an arming and of denials show the words of a command line, with the secrets masked."""
    records = tmp_path / "records.jsonl"

    told("--records", str(records))

    text = records.read_text()
    armed, *denied, child = [json.loads(line)["argv"][-2:] for line in text.splitlines()]
    assert armed == child == ["--password", "***"]
    assert denied == [["--token", "***"], ["sh", "postgres://***@db/x?***"]]
    assert [secret for secret in SECRETS if secret in text] == []
