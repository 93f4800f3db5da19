"""In a real container, under its own profile and under Docker's: what native code gets done by system calls of its own."""

import contextlib
import errno
import json
from pathlib import Path

import images
import network
import pytest
from support import wheels

# https://github.com/moby/profiles, seccomp/default.json of 2026-06-30 (Apache-2.0), a rule a line.
DOCKER = Path(__file__).with_name("docker-seccomp.json")
PROFILES = {"podman": (), "docker": ("--security-opt", f"seccomp={DOCKER}")}
PYTHON = "/app/.venv/bin/python"
# Read-only homes are no proof of anything: this one can be written.
HOME = "/tmp/home"
UDP, OTHER = network.DATAGRAMS
VARIABLES = {
    "HOME": HOME, "SINK_UDP": f"127.0.0.1:{UDP}", "ABSTRACT": "acme-nobody", "OUTSIDE": "4000000",
    "ALLOWED": network.PORT, "ALLOWED_UDP": UDP, "FORBIDDEN": OTHER,
}  # fmt: skip
PROGRAM = "import json, os; os.makedirs({0!r}, exist_ok=True); import {1}; print(json.dumps([{1}.results, [name for name in os.listdir({0!r}) if name.endswith('.mark')]]))"
ATTEMPTS = ("tcp", "mptcp", "fastopen", "udp", "abstract", "spawn", "exec", "memory")
GRANTED = f"""version = 1
[package.acme-native]
import.allow = ["net.connect:127.0.0.1:{network.PORT}", "net.connect:127.0.0.1:{UDP}"]
"""
WITHHELD = """version = 1
[application]
deny = ["net.*", "proc.spawn"]
[import]
deny = ["net.*", "proc.spawn"]
[run]
deny = ["net.*", "proc.spawn"]
"""
pytestmark = pytest.mark.skipif(wheels.compiler() is None, reason="needs a C compiler")
demanded = pytest.mark.parametrize("kernel", ["require"], indirect=True)


@pytest.fixture(params=PROFILES)
def native(request, box, tmp_path):
    """Return a function that imports an extension in a container, under one of the profiles; it gives (what came of each
    attempt, the files that it has left behind, the Box)."""

    def run(module, policy="", more=(), words=("-c",), variables=VARIABLES):
        path = tmp_path / "policy.toml"
        path.write_text(policy or "version = 1\n")
        options = [*PROFILES[request.param], "--volume", f"{path}:/etc/importguard/policy.toml:ro", *more]
        options += [word for name, value in variables.items() for word in ("--env", f"{name}={value}")]
        guarded = () if "--entrypoint" in more else (PYTHON,)
        running = stack.enter_context(box(*guarded, *words, PROGRAM.format(HOME, module), image=images.NATIVE, more=options))
        assert running.wait() == 0, running.story()
        results, files = json.loads(running.outputs()[0].splitlines()[-1])
        return results, files, running

    with contextlib.ExitStack() as stack:
        yield run


def test_unguarded_native_code_gets_it_all(native):
    """The attempts are real: the sinks and the files say so."""
    _results, files, running = native("acme_native", more=("--entrypoint", PYTHON))

    assert {"exec.mark", "memory.mark", "spawn.mark"} <= set(files)
    assert {"/tcp", "/fastopen", f"udp:{UDP}"} <= running.arrived()


@demanded
def test_native_code_gets_neither_connection_nor_process(native):
    """`--kernel require` as uid 1000: nothing arrives, nothing is started, and each record names the distribution."""
    results, files, running = native("acme_native")

    assert {name: results[name] for name in ATTEMPTS} == dict.fromkeys(ATTEMPTS, errno.EACCES), running.story()
    assert running.arrived() == set() and files == ["write.mark"]
    denied = running.decisions()
    assert {(record["owner"]["name"], record["layer"]) for record in denied} == {("acme-native", "seccomp")}
    assert {record["capability"] for record in denied} == {"net.connect", "proc.spawn"}
    armed = next(record for record in running.records() if record["event"] == "armed")
    assert "supervisor" in armed["layers"] and armed["missing"] == []


@demanded
def test_what_is_withheld_from_everybody_needs_no_supervisor(native):
    """A policy that leaves nobody network and programs: the ceilings refuse it, before anybody is asked."""
    results, files, running = native("acme_native", policy=WITHHELD)

    assert {name for name in ATTEMPTS if results[name] in (errno.EACCES, errno.EPERM)} == set(ATTEMPTS), running.story()
    assert running.arrived() == set() and files == ["write.mark"]
    assert results["tcp"] == errno.EPERM  # no socket at all
    armed = next(record for record in running.records() if record["event"] == "armed")
    assert {"net.connect: nothing", "proc.spawn: nothing"} <= set(armed["ceilings"])


@demanded
def test_a_package_reaches_what_it_was_granted_and_nothing_else(native):
    """Streams, datagrams and messages to two ports, from children and duplicates: all of that is done in its stead, without the right to trace."""
    results, _files, running = native("acme_sockets", policy=GRANTED)

    refused = {name for name, problem in results.items() if problem == errno.EACCES}
    assert refused - {"pair", "again"} == {"forbidden", "sendto forbidden", "sendto without a family"}, running.story()
    passed = ("stream", "after that", "not waiting", "duplicate", "inherited", "sendto", "sendmsg", "sendmmsg", "netlink", "last of many")
    assert {name: results[name] for name in passed} == dict.fromkeys(passed, 0), running.story()
    assert {"/stream", "/after", "/duplicate", "/inherited", f"udp:{UDP}"} == running.arrived()


@demanded
def test_an_address_that_changes_while_it_is_looked_at_gains_nothing(native):
    """3,000 tries with a second thread that changes the port: the one that is allowed is reached, the other never."""
    ports = {**VARIABLES, "ALLOWED": UDP, "KIND": "datagram"}

    (reached, escaped, refused), _files, running = native("acme_race", policy=GRANTED, variables=ports)

    assert (escaped, reached + refused) == (0, 3000) and reached > 0 and refused > 0, (reached, escaped, refused)
    assert running.arrived() == {f"udp:{UDP}"}
