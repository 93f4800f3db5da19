"""The supervisor of system calls killed, stopped, out of descriptors, or not to be had: what asks fails, the rest goes on, and
it is said."""

import json
import sys
from pathlib import Path

import pytest
from support import envs, guarded, wheels, worlds

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
REQUIRED, WANTED = ("--supervise", "require"), ("--supervise", "auto")

# The supervisor is the one child of the launcher that leads a session of its own and runs the launcher's program.
FIND = """
import os, signal, socket, subprocess, sys, time, resource

def supervisor():
    launcher = os.getppid()
    for name in filter(str.isdecimal, os.listdir("/proc")):
        try:
            fields = open(f"/proc/{name}/stat").read().rpartition(")")[2].split()
            own = open(f"/proc/{name}/cmdline").read() == open(f"/proc/{launcher}/cmdline").read()
        except OSError:
            continue
        if int(fields[1]) == launcher and int(fields[3]) == int(name) and own:
            return int(name)

def tried(function):
    try:
        function()
    except OSError as error:
        return error.errno
    return 0

def connect():
    host, port = os.environ["SINK"].removeprefix("http://").split(":")
    with socket.create_connection((host, int(port))) as connection:
        connection.sendall(b"GET /connected HTTP/1.0\\r\\n\\r\\n")
        connection.recv(64)

def start():
    subprocess.run(["/bin/true"], check=True)
"""
FAULTY = (
    FIND
    + """
assert (tried(connect), tried(start)) == (0, 0)
os.kill(supervisor(), getattr(signal, sys.argv[1]))
while not tried(connect):
    time.sleep(0.01)
print(tried(connect), tried(start))
with open("written", "w") as file:
    file.write("and other work goes on")
print(open("written").read())
"""
)
ENOSYS = 38


@pytest.fixture
def world(tmp_path, empty_environment):
    with worlds.furnished(tmp_path, empty_environment) as furnished:
        yield furnished


def run(world, program, *arguments, options=REQUIRED, **more):
    (world.project / "app.py").write_text(program)
    return guarded.run(world, [world.environment.python, "app.py", *arguments], options=options, **more)


@pytest.mark.parametrize(("signal", "said"), [("SIGKILL", "has ended (signal 9)"), ("SIGSTOP", "was stopped, and has been ended")])
def test_without_its_supervisor_a_program_fails_closed(world, signal, said):
    """What would be asked about fails, everything else works, the command ends by itself, and it is on record."""
    outcome = run(world, FAULTY, signal)

    assert outcome.stdout == f"{ENOSYS} {ENOSYS}\nand other work goes on\n", outcome.story()
    assert outcome.returncode == 0
    assert [said in record["reason"] for record in outcome.records if record["event"] == "degraded"] == [True]


IMPATIENT = (
    FIND
    + """
pid = supervisor()
files = len(os.listdir(f"/proc/{pid}/fd"))
resource.prlimit(pid, resource.RLIMIT_NOFILE, (files, files))
print(tried(connect), tried(start))
import acme_native
print(sorted({acme_native.results[name] for name in ("tcp", "udp", "exec")}))
"""
)


def test_out_of_descriptors_it_refuses_who_is_imported_and_nobody_else(tmp_path, interpreter):
    """It can't read what was asked for any more: an import gets nothing, and is named; the application goes on."""
    if wheels.compiler() is None:
        pytest.skip("needs a C compiler")
    made = envs.create(tmp_path / "env", interpreter)
    native = {"acme_native": (HERE / "native.c").read_text()}
    envs.install(made, wheels.Wheel("acme-native", "1.0", {}, native=native), folder=tmp_path / "wheels")
    with worlds.furnished(tmp_path / "world", made) as world:
        outcome = run(world, IMPATIENT, variables={"OUTSIDE": "1", "ABSTRACT": "acme-nobody"})

        assert outcome.stdout == "0 0\n[13]\n", outcome.story()
        assert "GET:/tcp" not in world.evidence()
    assert {record["owner"]["name"] for record in outcome.decisions(verdict="deny")} == {"acme-native"}


DAEMON = (
    FIND
    + """
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        launcher = sys.argv[1]
        while os.path.exists(f"/proc/{launcher}"):
            time.sleep(0.01)
        open(os.environ["HOME"] + "/daemon", "w").write(str((tried(connect), tried(start))))
    os._exit(0)
"""
)


def test_a_daemon_keeps_its_supervisor(world):
    """Whoever outlives the command is still answered."""
    program = DAEMON.replace("sys.argv[1]", "os.environ['LAUNCHER']").replace("if os.fork()", "os.environ['LAUNCHER'] = str(os.getppid())\nif os.fork()", 1)

    run(world, program)

    assert (world.home / "daemon").read_text() == "(0, 0)"


BESIDE = ("/usr/bin/env", f"PYTHONPATH={ROOT}", sys.executable, str(HERE / "beneath.py"))
CLEAN = ("/usr/bin/env", "-u", "PYTHONPATH")


def test_where_somebody_else_is_listening_it_is_said(world):
    """A guard within a guard, or a container that supervises by itself: EBUSY. The command runs, without."""
    before = [*BESIDE, "listener", "prctl", *CLEAN]

    outcome = run(world, "print('ran')", options=WANTED, before=before)
    demanded = run(world, "print('ran')", before=before)

    [line] = [line for line in outcome.records[-2]["missing"] if line.startswith("supervisor: ")]
    assert "EBUSY" in line and outcome.stdout == "ran\n" and "supervisor" not in outcome.records[-2]["layers"]
    assert (demanded.returncode, demanded.stdout) == (3, "") and "EBUSY" in demanded.stderr


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--core", "py"), "the core in Python tells it nothing"),
        (("--no-supervisor",), "there is no parent that could supervise"),
    ],
)
def test_without_a_core_or_a_parent_there_is_none(world, options, said):
    """It is said; where it is demanded nothing starts."""
    outcome = run(world, "print('ran')", options=(*WANTED, *options))
    demanded = run(world, "print('ran')", options=(*REQUIRED, *options))

    armed = next(record for record in outcome.records if record["event"] == "armed")
    assert any(said in line for line in armed["missing"]) and outcome.stdout == "ran\n"
    assert (demanded.returncode, demanded.stdout) == (3, "") and said in demanded.stderr


def test_a_kernel_that_has_no_filters_has_no_supervisor(world):
    """Exit status 3, and one line."""
    outcome = run(world, "print('ran')", before=[*BESIDE, "ENOSYS", "seccomp", *CLEAN])

    assert (outcome.returncode, outcome.stdout) == (3, "")
    assert "supervisor: " in outcome.stderr and outcome.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("policy", "options", "is_there"),
    [
        ("", (), False),
        ("", ("--kernel", "auto"), False),
        ("", ("--kernel", "require"), True),
        ('supervisor = "auto"', (), True),
        ('supervisor = "require"', (), True),
        ('supervisor = "require"', ("--kernel", "off"), False),
        ('supervisor = "auto"', ("--supervise", "off"), False),
    ],
)
def test_it_is_there_where_it_is_asked_for(world, policy, options, is_there):
    """Off by default; the policy, `--supervise` and `--kernel require` switch it on."""
    outcome = run(world, "print('ran')", options=options, policy=f"version = 1\n[kernel]\n{policy}\n")

    assert outcome.stdout == "ran\n", outcome.story()
    assert ("supervisor" in outcome.records[0]["layers"]) == is_there


def test_observing_asks_nobody(world):
    """Nothing is refused, and so nothing has to wait."""
    outcome = run(world, "print('ran')", mode=guarded.OBSERVE)

    assert outcome.stdout == "ran\n" and "supervisor" not in outcome.records[0]["layers"]


def test_doctor_says_whether_there_can_be_one(world):
    """By having a call wait, and go on."""
    done = guarded.importguard("doctor", "--json", world=world)

    [check] = [check for check in json.loads(done.stdout)["checks"] if check["name"] == "supervisor"]
    assert check["state"] == "holds" and "off by default" in check["text"]
