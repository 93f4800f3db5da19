"""Whatever befalls the launcher, what is denied stays denied, other work goes on, and what was written stays written."""

import contextlib
import json
import os
import resource
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

import pytest
from support import envs, guarded, wheels, worlds

SECONDS = 60
THIEF = """
import os

def look(name):
    try:
        with open(os.path.expanduser(f"~/.ssh/id_{name}")) as secret:
            return secret.read()
    except PermissionError:
        return "refused"
    except FileNotFoundError:
        return "missing"
"""
# Reads commands: `steal NAME TIMES` has the dependency read so many keys, `work` reads a file of the application's own.
APP = """
import sys
import acme_thief

for line in sys.stdin:
    word, *rest = line.split()
    if word == "steal":
        said = {acme_thief.look(f"{rest[0]}{number}") for number in range(int(rest[1]))}
        print(*sorted(said), flush=True)
    else:
        print(open("own.txt").read(), flush=True)
"""


@dataclass
class Guarded:
    """A guarded application that does as it is told: `launcher` is the Popen of its launcher."""

    launcher: subprocess.Popen
    records: Path
    said: Path
    through: subprocess.Popen

    def tell(self, text):
        """Give one command; return the answer."""
        self.launcher.stdin.write(text + "\n")
        self.launcher.stdin.flush()
        return self.launcher.stdout.readline().strip()

    def written(self):
        """Return the targets of the denials in the file, as names of keys; a line that isn't whole fails."""
        lines = [json.loads(line) for line in self.records.read_text().splitlines() if line]
        return [Path(line["target"]).name.removeprefix("id_") for line in lines if line["event"] == "decision"]

    def others(self, event):
        lines = [json.loads(line) for line in self.records.read_text().splitlines() if line]
        return [line for line in lines if line["event"] == event]

    def end(self):
        """Let it end; return (exit status, standard error)."""
        self.launcher.communicate(timeout=SECONDS)
        self.through.wait(SECONDS)
        return self.launcher.returncode, self.said.read_text()


@pytest.fixture(scope="module")
def environment(interpreter, tmp_path_factory):
    """An environment with a dependency that reads keys."""
    folder = tmp_path_factory.mktemp("faults")
    made = envs.create(folder / "env", interpreter)
    envs.install(made, wheels.Wheel("acme-thief", "1.0", {"acme_thief.py": THIEF}), folder=folder / "wheels")
    return made


@pytest.fixture
def start(environment, tmp_path):
    """Return a function that starts the application guarded, once it has been refused one key."""
    with contextlib.ExitStack() as stack:
        world = stack.enter_context(worlds.furnished(tmp_path, environment))
        said = stack.enter_context((tmp_path / "said.txt").open("wb"))
        (world.project / "app.py").write_text(APP)
        (world.project / "own.txt").write_text("worked")

        def started(*options, first=True, direct=False):
            # Through a pipe: a limit on the size of files is one on standard error as well.
            through = subprocess.Popen(["cat"], stdin=subprocess.PIPE, stdout=said)
            stack.callback(through.wait, SECONDS)
            records = world.root / "records.jsonl"
            command = guarded.guarded_command(
                world, [environment.python, "app.py"], guarded.RECOMMENDED, None, records, options
            )
            launcher = subprocess.Popen(
                list(map(str, command)), cwd=world.project, env=world.variables(), text=True,
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=said if direct else through.stdin,
            )  # fmt: skip
            stack.callback(launcher.wait, SECONDS)
            stack.callback(launcher.kill)
            through.stdin.close()
            running = Guarded(launcher, records, world.root / "said.txt", through)
            if first:
                assert running.tell("steal before 1") == "refused"
                until(lambda: "before0" in running.written())
            return running

        yield started


def until(holds):
    end = time.monotonic() + SECONDS
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.02)


@pytest.mark.parametrize("core", ["auto", "py"])
def test_the_launcher_is_killed(start, core):
    """The program goes on, is refused what it was refused, and writes its own records behind the launcher's."""
    running = start("--core", core)

    running.launcher.send_signal(signal.SIGKILL)
    running.launcher.wait(SECONDS)

    assert running.tell("steal after 20") == "refused"
    assert running.tell("work") == "worked"
    assert sorted(running.written()) == sorted(["before0", *(f"after{number}" for number in range(20))])


@pytest.mark.parametrize("core", ["auto", "py"])
def test_the_launcher_is_stopped(start, core):
    """More records than the pipe holds: the program waits for a moment, once, and says on standard error what has no place.
    When the launcher goes on, each record is in the file or was said, and the file says how many are missing."""
    running, times = start("--core", core), 3000
    running.launcher.send_signal(signal.SIGSTOP)
    assert running.tell(f"steal many {times}") == "refused"
    assert running.tell("work") == "worked"
    running.launcher.send_signal(signal.SIGCONT)
    until(lambda: "many0" in running.written())
    assert running.tell("steal later 1") == "refused"
    status, said = running.end()

    assert status == 0
    written = running.written()
    lost = said.count("importguard IG140: a record could not be written")
    assert len(written) == len(set(written))
    assert lost and len(written) + lost == times + 2
    assert "later0" in written
    (admitted,) = running.others("degraded")
    assert admitted["reason"].startswith(f"{lost} records of this process could not be written")
    for number in range(times):
        assert f"many{number}" in written or f"id_many{number}" in said


def test_the_launcher_is_out_of_descriptors(start):
    """It needs no new one to read, to store and to show."""
    running = start()
    pid = running.launcher.pid
    limit = max(map(int, os.listdir(f"/proc/{pid}/fd"))) + 1
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (limit, limit))

    assert running.tell("steal after 50") == "refused"
    assert running.tell("work") == "worked"
    status, err = running.end()

    assert status == 0, err
    assert set(running.written()) == {"before0", *(f"after{number}" for number in range(50))}
    assert running.others("exit")


def test_a_launcher_out_of_descriptors_still_kills(start):
    """The tree is ended although nothing can be opened any more, `/proc` included."""
    running = start("--on-violation", "kill", first=False)
    assert running.tell("work") == "worked"
    pid = running.launcher.pid
    limit = max(map(int, os.listdir(f"/proc/{pid}/fd"))) + 1
    (child,) = map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split())
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (limit, limit))

    running.tell("steal one 1")
    status, err = running.end()

    assert status == 86, err
    assert not Path(f"/proc/{child}").exists()
    assert running.written() == ["one0"]


@pytest.mark.parametrize("limit", [resource.RLIMIT_NOFILE, resource.RLIMIT_FSIZE])
def test_a_launcher_whose_limits_are_lowered_to_nothing_still_kills(start, limit):
    """As a package may have them lowered that is let do so; what is written is lost where it may write no file."""
    running = start("--on-violation", "kill", first=False)
    assert running.tell("work") == "worked"
    pid = running.launcher.pid
    (child,) = map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split())
    resource.prlimit(pid, limit, (0, 0))

    running.tell("steal one 1")
    status, err = running.end()

    assert status == 86, err
    assert not Path(f"/proc/{child}").exists()


def test_a_launcher_out_of_descriptors_shows_what_it_has_not_shown_before(start):
    """Without a records file what is refused goes to standard error, although nothing can be loaded any more to word it."""
    running = start("--records", "", first=False)
    assert running.tell("work") == "worked"
    pid = running.launcher.pid
    limit = max(map(int, os.listdir(f"/proc/{pid}/fd"))) + 1
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (limit, limit))

    assert running.tell("steal after 5") == "refused"
    status, err = running.end()

    assert status == 0, err
    assert all(f"id_after{number}" in err for number in range(5))


def test_the_disk_is_full(start):
    """What was written stays whole, the loss is said at once and counted at the end, and the program goes on."""
    running = start()
    limit = running.records.stat().st_size + 3000
    resource.prlimit(running.launcher.pid, resource.RLIMIT_FSIZE, (limit, limit))

    assert running.tell("steal after 50") == "refused"
    assert running.tell("work") == "worked"
    status, err = running.end()

    assert status == 0, err
    *whole, rest = running.records.read_text().split("\n")
    kept = [record["target"] for record in map(json.loads, whole) if record["event"] == "decision"]
    assert kept[0].endswith("before0") and len(kept) > 1
    assert err.count("can't write records to") == 1
    # 51 denials and the `exit` record, less what is kept.
    assert f"{51 + 1 - len(kept)} records were lost" in err


def test_the_disk_is_full_that_standard_error_is_on(start):
    """There is nobody to tell: the status is the command's all the same, and what was written is whole."""
    running = start(direct=True)
    size = running.said.stat().st_size + 100
    resource.prlimit(running.launcher.pid, resource.RLIMIT_FSIZE, (size, size))

    assert running.tell("steal after 50") == "refused"
    status, err = running.end()

    assert status == 0, err
    assert all(json.loads(line) for line in running.records.read_text().split("\n")[:-1])
