"""In a real container, guarded by process 1: servers serve, reload and end as they should, and an attack gets nothing."""

import json
import signal
import time

import boxes
import documented
import images
import pytest

PYTHON = "/app/.venv/bin/python"
# As process 1, whose end would be that of what the start-up file has started.
WAIT = "import os\ntry:\n    while True: os.wait()\nexcept ChildProcessError: pass"

with_and_without_a_supervisor_of_system_calls = pytest.mark.parametrize("kernel", ["auto", "require"], indirect=True)


def armed(records):
    return [record for record in records if record["event"] == "armed"]


@with_and_without_a_supervisor_of_system_calls
def test_gunicorn_serves_and_drains(box):
    """It answers as uid 1000; after SIGTERM a request that was begun is answered still, and the status is gunicorn's."""
    path, _port = documented.readiness()
    with box() as running:
        assert running.ask(path)["uid"] == 1000
        slow = running.visiting("/slow").ready()

        running.signal(signal.SIGTERM)
        answers = slow.stop()
        status = running.wait()

        assert status == 0, running.story()
        # The one that was under way when the signal came; whatever came later found nobody listening.
        assert answers[1][0] == 200, running.story()
        records = running.records()
        assert len(armed(records)) >= 3, running.story()
        assert [record["status"] for record in records if record["event"] == "exit"] == [0]
        assert running.decisions() == []


def test_a_reload_fails_no_request(box):
    """While four visitors ask without end, SIGHUP replaces both workers, and everybody gets an answer from old or new ones."""
    path, _port = documented.readiness()
    with box() as running:
        visitors = running.visiting(path, threads=4).ready()
        before = {record["pid"] for record in armed(running.records())}

        running.signal(signal.SIGHUP)
        until(lambda: len(armed(running.records())) >= len(before) + 2, running)
        # The new ones must have had a turn before the visitors go home.
        for _ in range(20):
            running.ask(path)
        answers = visitors.stop()

        assert {status for status, _body in answers} == {200}, [answer for answer in answers if answer[0] != 200][:3]
        assert {json.loads(body)["pid"] for _status, body in answers} - before, "no new worker has answered"


@pytest.mark.parametrize("status", [0, 7])
def test_the_status_of_the_command_is_the_container_s(box, status):
    """As process 1 the guard ends as what it has started."""
    with box(PYTHON, "-c", f"raise SystemExit({status})") as running:
        assert running.wait() == status


def test_an_attack_gets_through_unguarded(box):
    """The stage works: without the guard the dependency's start-up file sends every credential to the sink."""
    with box("-c", WAIT, image=images.POISONED, more=["--entrypoint", PYTHON]) as running:
        assert running.wait() == 0, running.story()

        assert {"ssh", "aws", "kube", "docker", "netrc", "git"} <= running.stolen()


@with_and_without_a_supervisor_of_system_calls
def test_an_attack_is_stopped_and_the_application_serves(box):
    """The same image behind process 1: no canary leaves, no file is left behind, the record names who it was."""
    path, _port = documented.readiness()
    with box(image=images.POISONED) as running:
        before = running.files()
        assert running.ask(path)["says"] == "echo: hello"
        running.signal(signal.SIGTERM)
        assert running.wait() == 0, running.story()

        assert running.stolen() == set()
        assert running.files() - before <= {".local/state/importguard/denials.jsonl"}
        refused = {(record["owner"]["name"], record["capability"], record["phase"]) for record in running.decisions()}
        assert ("acmellm", "proc.spawn", "startup") in refused, running.story()
        assert {name for name, _capability, _phase in refused} == {"acmellm"}


def test_the_workers_of_uvicorn_report(box):
    """They serve, and each has armed itself; SIGTERM ends them all."""
    path, _port = documented.readiness()
    with box(*documented.arguments("uvicorn")) as running:
        workers = {running.ask(path)["pid"] for _ in range(8)}
        running.signal(signal.SIGTERM)
        assert running.wait() == 0, running.story()

        assert workers <= {record["pid"] for record in armed(running.records())}, running.story()
        assert running.decisions() == []


def test_the_children_of_celery_report(box):
    """A task is done by a forked child that has reported; SIGTERM ends the worker."""
    with box(*documented.arguments("celery"), image=images.POISONED) as running:
        until(lambda: "the task says" in "".join(running.outputs()), running)
        said = next(line for line in running.story().splitlines() if "the task says" in line)
        running.signal(signal.SIGTERM)
        assert running.wait() == 0, running.story()

        worker = json.loads(said[said.index("{") :])
        assert worker["says"] == "echo: hello"
        assert worker["pid"] in {record["pid"] for record in armed(running.records())}, running.story()
        assert running.stolen() == set()


def test_what_is_asked_of_the_kernel_holds(box):
    """The container's own filter and its lack of rights keep neither the seal nor the preload away: nothing is missing."""
    with box(PYTHON, "-c", "pass", kernel="require") as running:
        assert running.wait() == 0, running.story()

        (record,) = armed(running.records())
        assert {"seccomp", "preload", "audit"} <= set(record["layers"]), record
        assert (record["core"], record["missing"]) == ("c", [])


def until(holds, running):
    """Wait until something holds that the container is on its way to."""
    end = time.monotonic() + boxes.SECONDS
    while not holds():
        assert time.monotonic() < end, running.story()
        time.sleep(0.2)
