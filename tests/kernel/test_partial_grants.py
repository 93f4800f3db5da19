"""A package that may reach some addresses while it is imported, and not others: its native code gets there and nowhere else,
where the supervisor may look into other processes and where it may not, as in a container."""

import errno
import json
import sys
from pathlib import Path

import pytest
from support import envs, guarded, sinks, wheels, worlds

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
REQUIRED = ("--supervise", "require")
NATIVE = {"acme_sockets": "native_sockets.c", "acme_race": "native_race.c"}
ALONE = ("/usr/bin/env", f"PYTHONPATH={ROOT}", sys.executable, str(HERE / "beneath.py"))
# What Docker's profile leaves to who may trace: https://github.com/moby/profiles (seccomp/default.json); that of containerd
# keeps back `process_vm_readv` as well.
KEPT_BACK = "pidfd_getfd,process_vm_readv,process_vm_writev,ptrace"
PLACES = {"machine": (), "container": (*ALONE, "EPERM", KEPT_BACK, "/usr/bin/env", "-u", "PYTHONPATH")}
PROGRAM = "import acme_sockets, json; print(json.dumps([acme_sockets.results, acme_sockets.later()]))"
REFUSED = ("forbidden", "sendto forbidden", "sendto without a family")


@pytest.fixture(scope="module")
def environments(tmp_path_factory):
    """Return a function that gives an environment of an Interpreter with the extensions; built once."""
    if wheels.compiler() is None:
        pytest.skip("needs a C compiler")
    kept = {}

    def environment(interpreter):
        if interpreter.tag not in kept:
            folder = tmp_path_factory.mktemp(interpreter.tag)
            kept[interpreter.tag] = made = envs.create(folder / "env", interpreter)
            native = {name: (HERE / file).read_text() for name, file in NATIVE.items()}
            envs.install(made, wheels.Wheel("acme-native", "1.0", {}, native=native), folder=folder / "wheels")
        return kept[interpreter.tag]

    return environment


@pytest.fixture
def world(tmp_path, interpreter, environments):
    with worlds.furnished(tmp_path / "world", environments(interpreter)) as furnished:
        yield furnished


@pytest.fixture(params=PLACES)
def place(request):
    """Where the launcher runs: on a machine, or where a filter keeps back what looks into other processes."""
    return PLACES[request.param]


def run(world, program, place, allowed, *, variables, mode=guarded.RECOMMENDED):
    """Run a program of the application's, whose package may reach some ports."""
    grants = ", ".join(f'"net.connect:127.0.0.1:{port}"' for port in allowed)
    (world.project / "app.py").write_text(program)
    guard = {"options": REQUIRED, "policy": f"version = 1\n[package.acme-native]\nimport.allow = [{grants}]\n"}
    command = [world.environment.python, "app.py"]
    more = guard if mode == guarded.RECOMMENDED else {}
    return guarded.run(world, command, mode=mode, variables=variables, before=place, seconds=120, **more)


def test_sockets_do_what_they_do_otherwise(world, place):
    """Waiting or not, with flags, in duplicates and children, by datagrams and messages, to the kernel and within the process:
    as unguarded, but for what the policy refuses."""
    ports = {"ALLOWED": str(world.http.port), "ALLOWED_UDP": str(world.udp.port), "FORBIDDEN": "9"}

    bare = run(world, PROGRAM, (), (), variables=ports, mode=guarded.UNGUARDED)
    supervised = run(world, PROGRAM, place, (world.http.port, world.udp.port), variables=ports)

    expected, later = json.loads(bare.stdout)
    expected |= dict.fromkeys(REFUSED, errno.EACCES)
    if place:
        # Of one there never was a copy; of the other there is none since it was connected.
        expected |= dict.fromkeys(("pair", "again"), errno.EACCES)
    assert json.loads(supervised.stdout) == [expected, later], supervised.story()
    expected_facts = {f"GET:/{name}" for name in ("stream", "after", "duplicate", "inherited", "later")}
    assert expected_facts <= set(world.evidence()) and later == 0
    refused = {record["target"] for record in supervised.decisions(verdict="deny")}
    assert refused == {"127.0.0.1:9"} | ({"?"} if place else set())


LETS_GO = """
import os, time

def files():
    # The supervisor is the one child of the launcher that leads a session of its own.
    for name in filter(str.isdecimal, os.listdir("/proc")):
        try:
            fields = open(f"/proc/{name}/stat").read().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[1]) == os.getppid() and int(fields[3]) == int(name):
            return len(os.listdir(f"/proc/{name}/fd"))

before = files()
import acme_sockets
end = time.monotonic() + 30
while files() > before and time.monotonic() < end:
    time.sleep(0.01)
print(before, files())
"""


def test_the_supervisor_lets_go_of_what_it_has_kept(world, place):
    """Once an import is over it has as few descriptors as before, whatever the import made and keeps open."""
    ports = {"ALLOWED": str(world.http.port), "ALLOWED_UDP": str(world.udp.port), "FORBIDDEN": "9"}

    outcome = run(world, LETS_GO, place, (world.http.port, world.udp.port), variables=ports)

    before, after = outcome.stdout.split()
    assert before == after, outcome.story()


@pytest.mark.parametrize("kind", ["datagram", "stream"])
def test_an_address_that_changes_while_it_is_looked_at_gains_nothing(world, place, kind):
    """3,000 tries with a second thread that changes the port: the one that is allowed is reached, the other never."""
    with SINKS[kind]() as allowed, SINKS[kind]() as forbidden:
        variables = {"ALLOWED": str(allowed.port), "FORBIDDEN": str(forbidden.port), "KIND": kind}
        program = "import acme_race, json; print(json.dumps(acme_race.results))"
        outcome = run(world, program, place, [allowed.port], variables=variables)
        if kind == "datagram":
            forbidden.settle()
        assert forbidden.received == [], outcome.story()[:2000]

    reached, escaped, refused = json.loads(outcome.stdout)
    assert (escaped, reached + refused) == (0, 3000) and reached > 0 and refused > 0, (reached, escaped, refused)


SINKS = {"datagram": sinks.udp_sink, "stream": sinks.stream_sink}
