"""Rung 0: the filter that is over every guarded process unless somebody says otherwise, by what /proc tells of it."""

import errno
import json
import subprocess
import sys

import pytest
from support import guarded, worlds

STATUS = """
import json
def status(path="/proc/self/status"):
    lines = dict(line.strip().split(":\\t", 1) for line in open(path) if ":\\t" in line.strip())
    return {"mode": lines["Seccomp"], "filters": lines["Seccomp_filters"], "promise": lines["NoNewPrivs"]}
"""
SAY = STATUS + "print(json.dumps(status()))"
SEALED = {"mode": "2", "promise": "1"}


@pytest.fixture
def world(tmp_path, empty_environment):
    with worlds.furnished(tmp_path, empty_environment) as furnished:
        yield furnished


@pytest.fixture(scope="module")
def filters_here():
    """How many filters are over this very process: a container brings its own."""
    with open("/proc/self/status") as file:
        return int(next((line.split()[1] for line in file if line.startswith("Seccomp_filters:")), 0))


def run(world, code, **options):
    outcome = guarded.run(world, [world.environment.python, "-c", code], **options)
    assert outcome.returncode == 0, outcome.story()
    return outcome


def armed(outcome):
    return [record for record in outcome.records if record["event"] == "armed"]


@pytest.mark.parametrize("core", ["c", "py"])
@pytest.mark.parametrize("how", [(), ("--no-supervisor",)])
def test_a_command_is_sealed(world, core, how, filters_here):
    """One filter and the promise of no new privileges, with either core, with a parent or without; `armed` lists it."""
    outcome = run(world, SAY, options=("--core", core, *how))

    assert json.loads(outcome.stdout) == {**SEALED, "filters": str(filters_here + 1)}
    assert "seccomp" in armed(outcome)[0]["layers"]


def test_children_threads_and_other_programs_are_sealed_once(world, filters_here):
    """What a command starts inherits the filter, and no process puts it on a second time."""
    code = STATUS + """
import subprocess, sys, threading, os
found = [status()]
thread = threading.Thread(target=lambda: found.append(status("/proc/thread-self/status")))
thread.start(); thread.join()
again = "import sys; print(open('/proc/self/status').read())"
texts = [subprocess.run(words, capture_output=True, text=True).stdout
         for words in ([sys.executable, "-c", again], ["/bin/cat", "/proc/self/status"])]
print(json.dumps([found, [[line.split()[1] for line in text.splitlines() if line.startswith("Seccomp")] for text in texts]]))
"""
    [here, below] = json.loads(run(world, code).stdout)

    assert here == [{**SEALED, "filters": str(filters_here + 1)}] * 2
    assert below == [["2", str(filters_here + 1)]] * 2


def test_filters_decline_what_slows_a_process_down():
    """Before Linux 5.16 the kernel holds back speculation in who is filtered, unless a filter declines that as it is loaded.

    What a later kernel does can't tell, so another filter looks: it refuses each load that doesn't decline.
    """
    code = """
import os, struct
from importguard.core import ccore
from importguard.kernel import syscalls_unsafe as calls
LOAD, EQUALS, HAS, ANSWER = 0x20, 0x15, 0x45, 0x06
ALLOW, REFUSE = 0x7FFF0000, 0x00050001
def program(*lines):
    return b"".join(struct.pack("HBBI", *line) for line in lines)
passing = program((ANSWER, 0, 0, ALLOW))
calls.promise_no_new_privileges()
calls.load_filter(program(
    (LOAD, 0, 0, 0), (EQUALS, 0, 3, calls.NUMBERS_OF_SECCOMP[os.uname().machine]),
    (LOAD, 0, 0, 24), (HAS, 1, 0, 4), (ANSWER, 0, 0, REFUSE), (ANSWER, 0, 0, ALLOW)))
for load in (lambda: calls._load_filter(passing, 0), lambda: calls.load_filter(passing),
             lambda: calls.load_asking_filter(passing), lambda: ccore.load_filter(passing)):
    try:
        load()
        print("loaded")
    except OSError as error:
        print(error.errno)
"""
    outcome = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)

    assert (outcome.stdout.split(), outcome.stderr) == ([str(errno.EPERM), "loaded", "loaded", "loaded"], "")


def test_a_flag_that_the_kernel_does_not_know_is_left_out():
    """Its EINVAL doesn't cost the filter, and a program that no kernel takes is still refused."""
    code = """
from importguard.kernel import syscalls_unsafe as calls
def filters():
    return next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("Seccomp_filters:"))
before, everything_passes, nonsense = filters(), bytes([6, 0, 0, 0, 0, 0, 255, 127]), bytes(8)
calls.promise_no_new_privileges()
calls._load_filter(everything_passes, 0, 1 << 20, calls.SECCOMP_FILTER_FLAG_SPEC_ALLOW)
try:
    calls._load_filter(nonsense, 0, calls.SECCOMP_FILTER_FLAG_SPEC_ALLOW)
except OSError as error:
    print(filters() - before, error.errno)
"""
    outcome = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)

    assert (outcome.stdout, outcome.stderr) == (f"1 {errno.EINVAL}\n", "")


def test_observing_installs_nothing(world, filters_here):
    """No filter and no promise, and nothing is called missing."""
    outcome = run(world, SAY, mode=guarded.OBSERVE)

    assert json.loads(outcome.stdout) == {"mode": "2" if filters_here else "0", "filters": str(filters_here), "promise": _promise()}
    assert "seccomp" not in armed(outcome)[0]["layers"] and armed(outcome)[0]["missing"] == []


def _promise():
    with open("/proc/self/status") as file:
        return next(line.split()[1] for line in file if line.startswith("NoNewPrivs:"))


@pytest.mark.parametrize(("options", "policy"), [(("--kernel", "off"), None), ((), 'version = 1\n[kernel]\nseccomp = "off"')])
def test_switched_off_is_said(world, options, policy, filters_here):
    """By option or by policy; the `armed` record says that it was."""
    outcome = run(world, SAY, options=options, policy=policy)

    assert json.loads(outcome.stdout)["filters"] == str(filters_here)
    assert "seccomp: switched off" in armed(outcome)[0]["missing"]


def test_arm_seals_a_process_with_its_threads(world, filters_here):
    """`importguard.arm()`: a thread that was there before has the filter as well."""
    code = STATUS + """
import sys, threading
sys.path[:0] = PLACES
go, found = threading.Event(), []
thread = threading.Thread(target=lambda: (go.wait(), found.append(status("/proc/thread-self/status"))))
thread.start()
import importguard
importguard.arm(records=RECORDS)
go.set(); thread.join()
print(json.dumps([status(), *found]))
""".replace("PLACES", repr([place for place in sys.path if place])).replace("RECORDS", repr(str(world.root / "records.jsonl")))
    outcome = guarded.run(world, [sys.executable, "-c", code], mode=guarded.UNGUARDED)

    assert outcome.returncode == 0, outcome.story()
    assert json.loads(outcome.stdout) == [{**SEALED, "filters": str(filters_here + 1)}] * 2
    assert "seccomp" in armed(outcome)[0]["layers"]


REFUSED = """
import ctypes, errno, json, platform
libc = ctypes.CDLL(None, use_errno=True)
NUMBERS = {"x86_64": (101, 425, 321, 41), "aarch64": (117, 425, 280, 198)}[platform.machine()]
def problem(number, *words):
    ctypes.set_errno(0)
    result = libc.syscall(ctypes.c_long(number), *map(ctypes.c_ulong, words))
    return errno.errorcode[ctypes.get_errno()] if result == -1 else "passed"
ptrace, io_uring_setup, bpf, socket = NUMBERS
print(json.dumps([
    problem(ptrace, 16, 0), problem(io_uring_setup, 1, 0), problem(bpf, 99, 0, 0),
    problem(socket, 17, 3, 0), problem(socket, (1 << 32) | 17, 3, 0), problem(socket, 38, 5, 0), problem(socket, 1, 1, 0),
]))
"""


def test_native_calls_meet_the_filter(world):
    """ptrace, io_uring, bpf, raw packets and AF_ALG, with an upper half as well, get EPERM; a unix socket is made."""
    answers = json.loads(run(world, REFUSED).stdout)

    assert answers == ["EPERM"] * 6 + ["passed"]


def test_strict_takes_mounts_and_namespaces_as_well(world):
    """Under `recommended` a browser's sandbox may make its namespaces; under `strict` nothing may."""
    code = "import ctypes; libc = ctypes.CDLL(None, use_errno=True); print(libc.unshare(0), ctypes.get_errno())"

    assert run(world, code).stdout == "0 0\n"
    assert run(world, code, policy='version = 1\nextends = "strict"').stdout == "-1 1\n"
