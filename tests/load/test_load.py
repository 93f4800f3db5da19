"""Many requests over many workers, with a violation in every hundredth: each is on record once, under the right name."""

import collections
import contextlib
import http.client
import itertools
import json
import re
import signal
import socket
import subprocess
import threading

import pytest
from support import envs, guarded, kept, wheels, worlds

pytestmark = pytest.mark.registry
SECONDS = 120
WORKERS, VISITORS, PER_CONNECTION = 8, 16, 20
FEW, MANY = 4000, 50000
EVERY = 100
# Three distributions with the same code, so that nothing but the name tells them apart. By turns they read a key that is
# theirs alone, one that they read again and again, and connect to a port that the policy denies.
THIEVES = ("acme-first", "acme-second", "acme-third")
THIEF = """
import os, socket

def act(number, port):
    kind = number % 3
    try:
        if kind == 2:
            with socket.create_connection(("127.0.0.1", port), 5):
                return None
        name = f"{__name__}-{number}" if kind else "shared"
        path = os.path.expanduser(f"~/.ssh/id_{name}")
        with open(path):
            return None
    except PermissionError:
        return f"127.0.0.1:{port}" if kind == 2 else path
    except OSError:
        return None
"""
APP = """
import importlib, json, os
import acme_honest

THIEVES = [importlib.import_module(name) for name in os.environ["THIEVES"].split()]
PORT = int(os.environ["DENIED"])

def app(environ, start_response):
    number = int(environ["PATH_INFO"][1:])
    answer = {"pid": os.getpid(), "honest": acme_honest.work()}
    if number % EVERY == 0:
        turn = number // EVERY
        thief = THIEVES[turn % len(THIEVES)]
        answer |= {"who": thief.__name__.replace("_", "-"), "target": thief.act(turn // len(THIEVES), PORT)}
    body = json.dumps(answer).encode()
    start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(body)))])
    return [body]
""".replace("EVERY", str(EVERY))
HONEST = """
import os, socket

def work():
    with open("own.txt") as file:
        return file.read()
"""
POLICY = """
version = 1
[run]
deny = ["net.connect:127.0.0.1:{port}"]
"""
# What a refusal is told by: process, distribution, capability, target.
Act = collections.namedtuple("Act", "pid who capability target")


@pytest.fixture(scope="module")
def environment(interpreter, tmp_path_factory):
    """An environment with gunicorn, one honest distribution and three that aren't."""
    folder = tmp_path_factory.mktemp("load")
    made = envs.copy(kept.environment_or_skip(["gunicorn"], interpreter), folder / "env")
    thieves = [wheels.Wheel(name, "1.0", {f"{name.replace('-', '_')}.py": THIEF}) for name in THIEVES]
    honest = wheels.Wheel("acme-honest", "1.0", {"acme_honest.py": HONEST})
    envs.install(made, honest, *thieves, folder=folder / "wheels")
    return made


@pytest.fixture
def denied():
    """A port of loopback on which nobody must arrive; yields the listening socket."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0)
        yield listener


@contextlib.contextmanager
def serving(world, denied):
    """Run gunicorn guarded; yields (process, port) once all workers have started."""
    port = denied.getsockname()[1]
    bound = ("--bind", "127.0.0.1:0", "--workers", WORKERS, "--worker-class", "gthread", "--threads", 2, "--timeout", SECONDS, "--keep-alive", SECONDS)
    command = [world.environment.python, "-m", "gunicorn", *bound, "app:app"]
    command = guarded.guarded_command(
        world, command, guarded.RECOMMENDED, POLICY.format(port=port), world.root / "records.jsonl"
    )
    variables = {"THIEVES": " ".join(name.replace("-", "_") for name in THIEVES), "DENIED": str(port)}
    said = world.root / "said.txt"
    with said.open("wb") as file:
        process = subprocess.Popen(
            list(map(str, command)), cwd=world.project, env={**world.variables(), **variables}, stderr=file
        )
    try:
        while said.read_text().count("Booting worker") < WORKERS:
            assert process.poll() is None, said.read_text()
        yield process, int(re.search(r"http://127\.0\.0\.1:(\d+)", said.read_text())[1])
    finally:
        process.kill()
        process.wait(SECONDS)


def visit(port, requests):
    """Make so many requests from a few threads; return the answers."""
    waiting = iter(range(1, requests + 1))
    lock, answers = threading.Lock(), []

    def take(many):
        with lock:
            return list(itertools.islice(waiting, many))

    def go():
        # A few on each connection: whose turn it is is the kernel's to choose.
        while numbers := take(PER_CONNECTION):
            with contextlib.closing(http.client.HTTPConnection("127.0.0.1", port, timeout=SECONDS)) as connection:
                for number in numbers:
                    connection.request("GET", f"/{number}")
                    answers.append(json.loads(connection.getresponse().read()))

    threads = [threading.Thread(target=go) for _ in range(VISITORS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


def test_no_refusal_is_lost_counted_twice_or_blamed_on_another(environment, tmp_path, denied, is_thorough):
    """What the records say, their counts added up, is what the answers say: as often, of the same process and distribution."""
    requests = MANY if is_thorough else FEW
    with worlds.furnished(tmp_path, environment, remembers=False) as world:
        (world.project / "app.py").write_text(APP)
        (world.project / "own.txt").write_text("worked")
        with serving(world, denied) as (process, port):
            answers = visit(port, requests)
            process.send_signal(signal.SIGTERM)
            assert process.wait(SECONDS) == 0
        records = guarded.read_records(world.root / "records.jsonl")

    assert len(answers) == requests
    assert {answer["honest"] for answer in answers} == {"worked"}
    acts = [answer for answer in answers if "who" in answer]
    assert len(acts) == requests // EVERY
    assert all(act["target"] for act in acts), "a secret was opened, or the port was reached"
    with pytest.raises(BlockingIOError):
        denied.accept()

    assert recorded(records) == refused(acts)
    decisions = [record for record in records if record["event"] == "decision"]
    assert len({record["id"] for record in decisions}) == len(decisions)
    assert {record["phase"] for record in decisions} == {"run"}
    assert {answer["pid"] for answer in answers} <= {record["pid"] for record in records if record["event"] == "armed"}
    (ended,) = [record for record in records if record["event"] == "exit"]
    assert ended["counts"] == {"deny": len(acts)}
    assert not [record for record in records if record["event"] in ("tamper", "degraded", "killed")]


def refused(answers):
    """Return how often what was refused, by what the application saw."""
    return collections.Counter(Act(answer["pid"], answer["who"], kind(answer["target"]), answer["target"]) for answer in answers)


def recorded(records):
    """Return the same by what is on record."""
    found = collections.Counter()
    for record in records:
        if record["event"] == "decision" and record["verdict"] == "deny":
            found[Act(record["pid"], record["owner"]["name"], record["capability"], record["target"])] += record["count"]
    return found


def kind(target):
    return "fs.read" if target.startswith("/") else "net.connect"
