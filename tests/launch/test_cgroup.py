"""A command's control group: there where cgroup v2 may be written, gone afterwards, and ended by the kernel at once."""

import os
import select
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from support import guarded, worlds

from importguard.launch import cgroup, tree


@pytest.fixture
def group():
    made = cgroup.make()
    if made is None:
        pytest.skip("needs a cgroup v2 that may be written, with cgroup.kill (Linux 5.14)")
    yield made
    made.remove()


DAEMON = """
import os, signal
input()
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        signal.alarm(60)
        os.write(1, b"%d\\n" % os.getpid())
        signal.pause()
    os._exit(0)
os.wait()
input()
"""


def test_the_kernel_ends_what_left_its_session(group):
    """A double-forked daemon is in the group, and dies with it."""
    with subprocess.Popen([sys.executable, "-c", DAEMON], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        group.add(child.pid)
        child.stdin.write(b"\n")
        child.stdin.flush()
        daemon = int(child.stdout.readline())
        handle = os.pidfd_open(daemon)

        pids = group.stop()
        group.kill()

        assert sorted(pids) == sorted([child.pid, daemon])
        assert child.wait(10) == -signal.SIGKILL
        assert select.select([handle], [], [], 10)[0] == [handle]
        os.close(handle)


def test_a_tree_is_ended_with_its_group(group):
    """`kill_tree` says what it ended, by name, and leaves no child behind."""
    child = subprocess.Popen(["/bin/sleep", "60"])
    group.add(child.pid)

    killed, statuses, survivors = tree.kill_tree(group)

    assert {"pid": child.pid, "argv": ["/bin/sleep", "60"]} in killed
    assert os.WTERMSIG(statuses[child.pid]) == signal.SIGKILL and survivors == []
    child.returncode = -signal.SIGKILL  # reaped already


# The group is the supervisor's to fill: it moves the command right after its start.
MOVED = """
import time
for _ in range(200):
    place = open("/proc/self/cgroup").read()
    if "importguard-" in place:
        break
    time.sleep(0.05)
print(place)
"""


def test_only_a_run_that_may_be_ended_gets_one(tmp_path, empty_environment, group):
    """Else a program finds itself in the group that it was started in; afterwards there is none left."""
    with worlds.furnished(tmp_path, empty_environment) as world:
        python = world.environment.python
        denying = guarded.run(world, [python, "-c", "print(open('/proc/self/cgroup').read())"])
        killing = guarded.run(world, [python, "-c", MOVED], options=("--on-violation", "kill"))

    assert "importguard-" not in denying.stdout and "importguard-" in killing.stdout
    name = next(line.rpartition("/")[2] for line in killing.stdout.splitlines() if "importguard-" in line)
    assert not Path(group.folder).with_name(name).exists()


def test_without_cgroups_there_is_none(monkeypatch, tmp_path):
    """An older system, or none at all: the tree is still ended, by its parent."""
    own = tmp_path / "cgroup"
    own.write_text("9:name=systemd:/\n")
    monkeypatch.setattr(cgroup, "OWN", str(own))

    assert cgroup.make() is None
