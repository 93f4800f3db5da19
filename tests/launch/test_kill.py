"""Ending a whole process tree: children, double-forked daemons and a process that forks and exits, capped."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

SUPERVISE = Path(__file__).with_name("supervise.py")
ROOT = SUPERVISE.parents[2]
WITHIN = 1.0
# 3 children, a daemon in a session of its own, a hopper that forks and exits at most 300 times, and a small tree: at
# most 20 processes at a time. All carry the marker in their environment, which is how the test finds them.
TREE = """
import json, os, signal, sys, time
def stay():
    signal.alarm(60)
    while True: signal.pause()
def daemon():
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0: stay()
        os._exit(0)
def hopper(left):
    if os.fork() == 0:
        while left and os.fork() == 0: left -= 1
        stay() if not left else os._exit(0)
def tree(depth):
    if os.fork() == 0:
        if depth: tree(depth - 1); tree(depth - 1)
        stay()
for _ in range(3): tree(0)
daemon(); hopper(300); tree(2)
print("ready", time.time(), flush=True)
owner = {"name": "evil", "version": "1", "kind": "distribution"}
record = {"v": 1, "id": "01K", "event": "decision", "verdict": "kill", "owner": owner}
record |= {"capability": "proc.spawn", "target": "/bin/x"}
with open(os.environ["RECORDS"], "wb", buffering=0) as pipe:
    pipe.write(json.dumps(record).encode() + b"\\n")
stay()
"""


def left_over(marker):
    """Return the pids of processes whose environment holds the marker."""
    found = []
    for pid in filter(str.isdecimal, os.listdir("/proc")):
        try:
            if marker in Path(f"/proc/{pid}/environ").read_bytes() and not is_zombie(pid):
                found.append(int(pid))
        except OSError:
            continue
    return found


def is_zombie(pid):
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"


@pytest.mark.parametrize("attempt", range(int(os.environ.get("KILL_RUNS", "10"))))
def test_nothing_of_the_tree_is_left(tmp_path, attempt):
    """Run after run ends every descendant within a second, with exit status 86 and a record of what was killed."""
    session, records = tmp_path / "session", tmp_path / "records.jsonl"
    session.mkdir()
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "KILL_MARKER": str(tmp_path)}

    command = [sys.executable, SUPERVISE, session, records, sys.executable, "-c", TREE]
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=30)
    took = time.time() - float(ended.stdout.split()[1])

    assert left_over(b"KILL_MARKER=" + os.fsencode(tmp_path)) == []
    assert ended.returncode == 86
    lines = [json.loads(line) for line in records.read_text().splitlines()]
    assert [line["event"] for line in lines] == ["decision", "killed", "exit"]
    assert lines[1]["cause"] == "01K" and len(lines[1]["processes"]) >= 5 and lines[1]["survivors"] == []
    assert lines[2]["status"] == 86
    # From the record to the end of the supervisor; the machine that runs the tests may be slow, ten seconds is not.
    assert took < WITHIN * 10
    print(f"took {took:.3f} s")
