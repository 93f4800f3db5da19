"""A start-up file that starts interpreters which read it again, capped: guarded it never gets past its first process."""

import os
from pathlib import Path

import pytest
from support import envs, guarded, wheels, worlds

MOST = 24
# What litellm 1.82.8 did by mistake: each interpreter reads the .pth, and each starts two more. The daemon leaves its
# parent and its session first. Nothing runs longer than the alarm.
BOMB = f"""
import os, signal, subprocess, sys
log = os.environ["BOMB_LOG"]
with open(log, "a") as file:
    file.write(f"{{os.getpid()}}\\n")
with open(log) as file:
    count = len(set(file.read().split()))
signal.alarm(8)
if count < {MOST}:
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            signal.alarm(8)
            signal.pause()
        os._exit(0)
    os.wait()
    children = [subprocess.Popen([sys.executable, "-c", "pass"]) for _ in range(2)]
    for child in children:
        child.wait()
"""


@pytest.fixture
def world(tmp_path, interpreter):
    environment = envs.create(tmp_path / "env", interpreter)
    wheel = wheels.Wheel("acme-bomb", "1.0", {"acme_bomb.py": BOMB, "acme_bomb.pth": "import acme_bomb\n"})
    envs.install(environment, wheel, folder=tmp_path / "wheels")
    with worlds.furnished(tmp_path / "world", environment) as furnished:
        yield furnished


def run(world, **options):
    """Return the outcome, and how many processes came to the start-up file."""
    log = world.root / "bomb.log"
    outcome = guarded.run(world, [world.environment.python, "-c", "print('ran')"], variables={"BOMB_LOG": str(log)}, **options)
    # In a virtual environment a start-up line runs twice, so that a failed import is tried again by the same process.
    count = len(set(log.read_text().split())) if log.exists() else 0
    log.unlink(missing_ok=True)
    return outcome, count


def left_over(world):
    """Return the processes whose environment names this world's log."""
    mark, found = f"BOMB_LOG={world.root}".encode(), []
    for pid in filter(str.isdecimal, os.listdir("/proc")):
        try:
            if mark in Path(f"/proc/{pid}/environ").read_bytes():
                found.append(pid)
        except OSError:
            continue
    return found


def test_it_is_real_and_stops_at_its_first_generation(world):
    """Unguarded it fills its cap; denied, it stays one process, and the program runs; under `kill` nothing is left."""
    _outcome, unguarded = run(world, mode=guarded.UNGUARDED)
    denied, first = run(world)
    killed, second = run(world, options=("--on-violation", "kill"))

    assert unguarded >= MOST
    assert (first, second) == (1, 1), killed.story()
    assert denied.decisions(capability="proc.spawn", owner="acme-bomb", phase="startup")
    assert killed.returncode == 86 and left_over(world) == []
    [record] = [record for record in killed.records if record["event"] == "killed"]
    assert record["survivors"] == []
