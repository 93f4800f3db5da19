"""The supervisor, with children that write to the records pipe themselves."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

SUPERVISE = Path(__file__).with_name("supervise.py")
ROOT = SUPERVISE.parents[2]
SECONDS = 180  # only against hanging: a busy machine takes half a minute for the largest burst
PRELUDE = """
import json, os, signal, subprocess, sys, time
DENIED = {"v": 1, "id": "01", "time": "t", "event": "decision", "pid": os.getpid(), "capability": "net.connect",
    "target": "127.0.0.1:80", "owner": {"name": "evil", "version": "1", "kind": "distribution"}, "phase": "import",
    "verdict": "deny", "layer": "audit", "rule": "r", "via": [], "stack": [], "count": 1}
def send(fields):
    line = fields if isinstance(fields, bytes) else json.dumps(fields).encode() + b"\\n"
    with open(os.environ["RECORDS"], "wb", buffering=0) as pipe:
        pipe.write(line)
"""


@pytest.fixture
def supervise(tmp_path):
    """Returns a function that supervises Python code and gives back the ended process."""

    def run(code, *, records="records.jsonl", **options):
        process = start(code, records=records, **options)
        out, err = process.communicate(timeout=SECONDS)
        return subprocess.CompletedProcess(process.args, process.returncode, out, err)

    def start(code, *, records="records.jsonl", prefix=(), **options):
        session = tmp_path / f"session{len(list(tmp_path.iterdir()))}"
        session.mkdir()
        target = str(tmp_path / records) if records and not records.startswith(("/", "-")) else records
        command = [*prefix, sys.executable, SUPERVISE, session, target, sys.executable, "-c", PRELUDE + code]
        options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, **options}
        return subprocess.Popen(command, env={**os.environ, "PYTHONPATH": str(ROOT)}, **options)

    run.start = start
    return run


def read(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


@pytest.mark.parametrize("code", [0, 1, 7, 86, 255])
def test_the_exit_status_is_the_command_s(supervise, code):
    """What the command ends with is what the caller sees."""
    assert supervise(f"sys.exit({code})").returncode == code


@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT", "SIGKILL", "SIGSEGV"])
def test_a_command_that_dies_of_a_signal_is_seen_to_die_of_it(supervise, name):
    """The caller sees the same signal as without the supervisor."""
    died = supervise(f"signal.signal(signal.{name}, signal.SIG_DFL) if '{name}' != 'SIGKILL' else 0\n"
                     f"os.kill(os.getpid(), signal.{name})")  # fmt: skip

    assert died.returncode == -getattr(signal, name)


def test_records_reach_the_file_with_an_exit_record_at_the_end(supervise, tmp_path):
    """What a process wrote is stored; the last line says how the command ended and counts the decisions."""
    supervise("send({'v': 1, 'event': 'armed', 'pid': 1}); send(DENIED); sys.exit(4)")

    first, second, last = read(tmp_path / "records.jsonl")
    assert (first["event"], second["verdict"]) == ("armed", "deny")
    assert (last["event"], last["status"], last["counts"]) == ("exit", 4, {"deny": 1})


def test_a_denial_is_shown_on_standard_error_and_never_on_standard_output(supervise):
    """Without a terminal it is one JSON line; `armed` and `exit` are not shown."""
    ended = supervise("send({'v': 1, 'event': 'armed', 'pid': 1}); send(DENIED); print('output')", records="")

    assert ended.stdout == "output\n"
    assert [json.loads(line)["target"] for line in ended.stderr.splitlines()] == ["127.0.0.1:80"]


def test_hostile_lines_do_not_stop_the_supervisor(supervise, tmp_path):
    """Junk in the pipe is recorded as tampering, what comes after it is read, and the status is the command's."""
    ended = supervise(
        "send(b'junk\\x1b[2J\\n')\n"
        "send(b'[' * 4000 + b'\\n')\n"
        "send({**DENIED, 'self': 1, 'method_name': 2})\n"
        "sys.exit(3)"
    )

    assert ended.returncode == 3
    assert [record["event"] for record in read(tmp_path / "records.jsonl")] == ["tamper", "tamper", "decision", "exit"]
    assert "\x1b" not in ended.stderr


def test_repeats_are_folded(supervise, tmp_path):
    """A hundred equal denials are two records whose counts add up."""
    supervise("[send(DENIED) for _ in range(100)]")

    decisions = [record for record in read(tmp_path / "records.jsonl") if record["event"] == "decision"]
    assert sum(record["count"] for record in decisions) == 100
    assert len(decisions) < 10


def test_a_burst_of_large_records_is_complete(supervise, tmp_path):
    """Many writers at once, each with records of the largest size: none is lost, none is torn."""
    supervise(
        "def burst(n):\n"
        "    for at in range(50): send({**DENIED, 'target': f'{n}.{at}.' + 'x' * 3500})\n"
        "children = []\n"
        "for n in range(4):\n"
        "    pid = os.fork()\n"
        "    if not pid: burst(n); os._exit(0)\n"
        "    children.append(pid)\n"
        "[os.waitpid(pid, 0) for pid in children]\n"
    )

    decisions = [record for record in read(tmp_path / "records.jsonl") if record["event"] == "decision"]
    assert len({record["target"] for record in decisions}) == 200


def test_a_full_disk_is_said_once_and_the_command_goes_on(supervise):
    """The status stays the command's, and the end says how many records were lost."""
    ended = supervise("send(DENIED); send({**DENIED, 'target': 'b'}); sys.exit(5)", records="/dev/full")

    assert ended.returncode == 5
    assert ended.stderr.count("can't write records to /dev/full: No space left on device") == 1
    assert "3 records were lost" in ended.stderr


def test_a_closed_standard_error_changes_nothing(supervise, tmp_path):
    """Nobody to tell is no reason to stop: records and status are as usual."""
    ended = supervise("send(DENIED); sys.exit(6)", prefix=("/bin/sh", "-c", 'exec "$@" 2>&-', "sh"))

    assert ended.returncode == 6
    assert [record["event"] for record in read(tmp_path / "records.jsonl")] == ["decision", "exit"]


@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP", "SIGUSR1", "SIGINT", "SIGTTIN", "SIGTTOU"])
def test_a_signal_to_the_supervisor_reaches_the_command_once(supervise, name):
    """The command's handler runs, once, and the supervisor lives on until the command has ended."""
    running = supervise.start(
        "hits = []\n"
        f"signal.signal(signal.{name}, lambda *_: (hits.append(1), signal.setitimer(signal.ITIMER_REAL, 0.2)))\n"
        "signal.signal(signal.SIGALRM, lambda *_: sys.exit(len(hits)))\n"
        "print('ready', flush=True)\n"
        "while True: signal.pause()\n"
    )
    assert running.stdout.readline() == "ready\n"

    running.send_signal(getattr(signal, name))
    running.communicate(timeout=SECONDS)

    assert running.returncode == 1


def test_a_signal_that_the_caller_ignores_is_ignored(supervise):
    """Under nohup a hangup ends neither the supervisor nor the command."""
    running = supervise.start(
        "print(signal.getsignal(signal.SIGHUP), flush=True); sys.stdin.readline(); sys.exit(9)",
        prefix=("/bin/sh", "-c", 'trap "" HUP; exec "$@"', "sh"),
        stdin=subprocess.PIPE,
    )
    assert running.stdout.readline().startswith(str(signal.SIG_IGN))

    running.send_signal(signal.SIGHUP)
    running.communicate("go on\n", timeout=SECONDS)

    assert running.returncode == 9


def test_the_command_finds_the_signals_as_its_caller_set_them(supervise):
    """Neither the supervisor's mask nor Python's ignored signals are handed down."""
    code = "print(open('/proc/self/status').read())"
    ended = supervise(code, records="")
    bare = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=SECONDS)

    assert signal_sets(ended.stdout) == signal_sets(bare.stdout)


def signal_sets(status):
    """Return the blocked, ignored and caught signals of a /proc/self/status, without the C library's own two."""
    own = 1 << 31 | 1 << 32  # SIGCANCEL and SIGSETXID, which posix_spawn of glibc leaves ignored
    lines = dict(line.split(":\t") for line in status.splitlines() if line.startswith(("SigBlk", "SigIgn", "SigCgt")))
    return {name: int(value, 16) & ~own for name, value in lines.items()}


def test_orphans_are_reaped(supervise):
    """What a command leaves behind and what has ended is not left as a zombie while the command runs."""
    ended = supervise(
        "pid = os.fork()\n"
        "if not pid:\n"
        "    if os.fork(): os._exit(0)\n"
        "    os._exit(0)\n"
        "os.waitpid(pid, 0)\n"
        "def zombies():\n"
        "    kids = open(f'/proc/{os.getppid()}/task/{os.getppid()}/children').read().split()\n"
        "    return [kid for kid in kids if int(kid) != os.getpid()]\n"
        "end = time.monotonic() + 10\n"
        "while zombies() and time.monotonic() < end: os.sched_yield()\n"
        "print(zombies())\n"
    )

    assert ended.stdout == "[]\n"
