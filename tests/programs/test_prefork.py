"""Servers that fork or spawn their workers: every process that did work has reported, and is held to the same policy."""

import contextlib
import json
import re
import signal
import subprocess
import urllib.request

import pytest
from support import envs, guarded, kept, wheels, worlds

pytestmark = pytest.mark.registry
NEEDS = ("celery", "uvicorn")
SECONDS = 60
WORKERS = 2
# What a dependency reads for its caller: a secret, and nobody has granted it.
THIEF = wheels.Wheel(
    "acme-thief",
    "1.0",
    {
        "acme_thief.py": (
            "import os\n\n"
            "def look():\n"
            "    try:\n"
            "        return open(os.path.expanduser('~/.aws/credentials')).read()\n"
            "    except PermissionError:\n"
            "        return 'refused'\n"
        )
    },
)
TASKS = """
import os, signal
import acme_thief, celery
from celery import signals

app = celery.Celery("app", broker="memory://", backend="cache+memory://")
app.conf.broker_connection_retry_on_startup = True
# Celery kills a child that hasn't said so within four seconds, which it takes on a busy machine.
app.conf.worker_proc_alive_timeout = 60
TASKS = 12
MAIN = os.getpid()

@app.task(name="work")
def work(number):
    with open("said.txt", "a") as said:
        print(os.getpid(), number, acme_thief.look(), file=said, flush=True)

@signals.worker_ready.connect
def send(**_):
    for number in range(TASKS):
        work.delay(number)

@signals.task_postrun.connect
def stop(**_):
    if len(open("said.txt").readlines()) >= TASKS:
        os.kill(MAIN, signal.SIGTERM)
"""
ASGI = """
import json, os
import acme_thief

async def app(scope, receive, send):
    if scope["type"] != "http":
        return
    body = json.dumps([os.getpid(), acme_thief.look()]).encode()
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": body})
"""


@pytest.fixture(scope="module")
def environment(interpreter, tmp_path_factory):
    """An environment with both programs and the dependency that steals."""
    folder = tmp_path_factory.mktemp("prefork")
    made = envs.copy(kept.environment_or_skip(NEEDS, interpreter), folder / "env")
    envs.install(made, THIEF, folder=folder / "wheels")
    return made


@pytest.mark.parametrize("core", ["auto", "py"])
def test_every_child_of_celery_s_pool_reports(environment, place, core):
    """Also those that are forked later, in the place of one that has done its two tasks; none of them reads the secret."""
    with worlds.furnished(place, environment) as world:
        (world.project / "app.py").write_text(TASKS)
        command = ["-m", "celery", "-A", "app", "worker", "--pool", "prefork", "-c", "3", "--max-tasks-per-child", "2"]
        done = guarded.run(world, [environment.python, *command], options=["--core", core], seconds=SECONDS)
        said = [line.split() for line in (world.project / "said.txt").read_text().splitlines()]

    workers = {int(pid) for pid, _number, _answer in said}
    assert done.returncode == 0, done.story()
    assert sorted(int(number) for _pid, number, _answer in said) == list(range(12))
    assert {answer for _pid, _number, answer in said} == {"refused"}
    assert len(workers) >= 6
    assert workers <= armed(done.records), done.story()
    assert_refused(done.records, {pid: [at for at, *_ in said].count(str(pid)) for pid in workers})


def armed(records):
    return {record["pid"] for record in records if record["event"] == "armed"}


def assert_refused(records, times):
    """Assert that each process of `times` was refused so often, for the one distribution that asked."""
    found = dict.fromkeys(times, 0)
    for record in records:
        if record["event"] == "decision" and record["verdict"] == "deny":
            assert (record["owner"]["name"], record["phase"]) == ("acme-thief", "run")
            found[record["pid"]] += record["count"]
    assert found == times


@contextlib.contextmanager
def uvicorn(world):
    """Run `uvicorn --workers` guarded; yields (process, address) once every worker has started."""
    command = [world.environment.python, "-m", "uvicorn", "--port", "0", "--workers", str(WORKERS), "app:app"]
    command = guarded.guarded_command(world, command, guarded.RECOMMENDED, None, world.root / "records.jsonl")
    process = subprocess.Popen(
        list(map(str, command)), cwd=world.project, env=world.variables(), stderr=subprocess.PIPE, text=True
    )
    log = []
    try:
        while sum("startup complete" in line for line in log) < WORKERS:
            log.append(process.stderr.readline())
            assert log[-1], "".join(log)
        (address,) = re.findall(r"http://127\.0\.0\.1:\d+", "".join(log))
        yield process, address
    finally:
        process.terminate()
        process.stderr.close()
        process.wait(SECONDS)


def test_the_workers_of_uvicorn_report(environment, place):
    """They are spawned, not forked; each answers, is refused the secret, and SIGTERM ends all of them."""
    with worlds.furnished(place, environment) as world:
        (world.project / "app.py").write_text(ASGI)
        with uvicorn(world) as (process, address):
            answers = [json.loads(urllib.request.urlopen(address, timeout=SECONDS).read()) for _ in range(20)]
            process.send_signal(signal.SIGTERM)
            assert process.wait(SECONDS) == 0
        records = guarded.read_records(world.root / "records.jsonl")

    workers = {pid for pid, _answer in answers}
    assert {answer for _pid, answer in answers} == {"refused"}
    assert workers <= armed(records)
    assert len([record for record in records if record["event"] == "armed"]) >= 1 + WORKERS
    assert_refused(records, {pid: [at for at, _answer in answers].count(pid) for pid in workers})
