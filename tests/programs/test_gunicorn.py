"""Flask behind gunicorn answers, and ends on a signal, as it does unguarded."""

import contextlib
import re
import signal
import subprocess
import urllib.request

import pytest
from support import guarded, kept, worlds

pytestmark = pytest.mark.registry
NEEDS = ("flask", "gunicorn")
SECONDS = 60
WORKERS = 2
APP = """
import os, pathlib
import flask

app = flask.Flask(__name__)

@app.get("/<name>")
def greet(name):
    known = "canary" in (pathlib.Path.home() / ".aws/credentials").read_text()
    return flask.jsonify(name=name, known=known, worker=os.getpid() != os.getppid())
"""
NOISE = re.compile(r"\[\d{4}-[^]]*\] |\[\d+\] |pid: ?\d+|\(\d+\)|:\d{4,5}\b")


@contextlib.contextmanager
def serving(world, mode):
    """Run gunicorn in a mode; yields (process, base address, its log so far) once all workers have booted."""
    command = [world.environment.command("gunicorn"), "--bind", "127.0.0.1:0", "--workers", str(WORKERS), "app:app"]
    if mode != guarded.UNGUARDED:
        command = guarded.guarded_command(world, command, mode, None, world.root / "records.jsonl")
    process = subprocess.Popen(
        list(map(str, command)), cwd=world.project, env=world.variables(), stderr=subprocess.PIPE, text=True
    )
    log = []
    try:
        while sum("Booting worker" in line for line in log) < WORKERS:
            line = process.stderr.readline()
            assert line, "".join(log)
            log.append(line)
        (address,) = re.findall(r"http://127\.0\.0\.1:\d+", "".join(log))
        yield process, address, log
    finally:
        process.terminate()
        process.stderr.close()
        process.wait(SECONDS)


def visit(world, mode):
    """Ask gunicorn twice and end it; returns (answers, exit status, log without numbers)."""
    (world.project / "app.py").write_text(APP)
    with serving(world, mode) as (process, address, log):
        answers = [urllib.request.urlopen(f"{address}/{name}", timeout=SECONDS).read() for name in ("one", "two")]
        process.send_signal(signal.SIGTERM)
        log += process.stderr.readlines()
        status = process.wait(SECONDS)
    return answers, status, sorted(NOISE.sub("", line.replace(str(world.root), "ROOT")) for line in log)


def test_it_behaves_the_same(interpreter, tmp_path):
    """Answers, exit status after SIGTERM and log are those of the bare run; every worker was guarded."""
    environment = kept.environment_or_skip(NEEDS, interpreter)
    seen = {}
    for mode in guarded.MODES:
        with worlds.furnished(tmp_path / mode, environment) as world:
            seen[mode] = visit(world, mode)
            records = guarded.read_records(world.root / "records.jsonl")
        if mode != guarded.UNGUARDED:
            assert len({record["pid"] for record in records if record["event"] == "armed"}) >= 1 + WORKERS
            assert not [record for record in records if record["event"] not in ("armed", "exit")]

    assert b'"known":true' in seen[guarded.UNGUARDED][0][0].replace(b" ", b"")
    assert seen[guarded.OBSERVE] == seen[guarded.UNGUARDED]
    assert seen[guarded.RECOMMENDED] == seen[guarded.UNGUARDED]
