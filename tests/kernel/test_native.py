"""What native code that raises no audit event gets done: without the kernel, beneath the seal, and beneath ceilings."""

import errno
import json
import signal
import socket
import stat
import subprocess
from pathlib import Path

import pytest
from support import envs, guarded, wheels, worlds

SOURCE = Path(__file__).with_name("native.c")
PROGRAM = "import acme_native, json; print(json.dumps(acme_native.results))"
SECONDS = 10
DENIED = 'deny = ["net.*", "fs.write", "proc.spawn", "proc.signal"]'
# What is withheld from everybody; PORT is one that nobody listens on, and TMP the only folder that may be written.
WITHHELD = f"""version = 1
[application]
{DENIED}
allow = ["fs.write:TMP/**", "net.connect:127.0.0.1:9"]
[import]
{DENIED}
[run]
{DENIED}
"""
NO_NETWORK = WITHHELD.replace(', "net.connect:127.0.0.1:9"', "")
# Servers that only listen: no connection and no name, but sockets.
LISTENING = NO_NETWORK.replace('"fs.write:TMP/**"', '"fs.write:TMP/**", "net.listen:127.0.0.1:0"')
PASSED = 0


@pytest.fixture(scope="module")
def native_environment(tmp_path_factory, interpreter):
    """An environment with the extension."""
    if wheels.compiler() is None:
        pytest.skip("needs a C compiler")
    folder = tmp_path_factory.mktemp("native")
    made = envs.create(folder / "env", interpreter)
    wheel = wheels.Wheel("acme-native", "1.0", {}, native={"acme_native": SOURCE.read_text()})
    envs.install(made, wheel, folder=folder / "wheels")
    return made


class Attempts:
    """What the extension reports of itself, and what the world says."""

    def __init__(self, world, policy, options=()):
        outsider = subprocess.Popen(["/bin/sleep", "60"])
        name = f"acme-{world.root.name}-{world.udp.port}"
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind("\0" + name)
            listener.listen()
            variables = {"OUTSIDE": str(outsider.pid), "ABSTRACT": name}
            mode = guarded.UNGUARDED if policy == "unguarded" else guarded.RECOMMENDED
            text = policy.replace("TMP", str(world.temporary)) if mode != guarded.UNGUARDED else None
            command = [world.environment.python, "-c", PROGRAM]
            outcome = guarded.run(world, command, mode=mode, policy=text or None, options=options, variables=variables)
            listener.settimeout(0)
            self.reached_abstract = self._accepts(listener)
        assert outcome.returncode == 0, outcome.story()
        self.errors = {name: errno.errorcode.get(value, value) for name, value in json.loads(outcome.stdout).items()}
        self.evidence = world.evidence()
        self.mode = stat.S_IMODE((world.home / ".ssh/id_ed25519").stat().st_mode)
        self.records = outcome.records
        self.signalled = self._ends(outsider)

    def _ends(self, outsider):
        """Say whether the outsider was signalled, and end it."""
        if self.errors["signal"] != PASSED:
            outsider.kill()
        return outsider.wait(SECONDS) == -signal.SIGTERM

    @staticmethod
    def _accepts(listener):
        try:
            listener.accept()[0].close()
        except BlockingIOError:
            return False
        return True

    def marks(self):
        return {fact.removeprefix("wrote:home/").removesuffix(".mark") for fact in self.evidence if fact.endswith(".mark")}

    def refused(self):
        return {name: problem for name, problem in self.errors.items() if problem != PASSED}


@pytest.fixture
def attempt(tmp_path, native_environment):
    """Return a function that lets the extension loose in a world of its own."""

    def run(policy, **options):
        with worlds.furnished(tmp_path / "world", native_environment) as world:
            return Attempts(world, policy, **options)

    return run


def test_unguarded_everything_gets_through(attempt):
    """The attempts are real: the sinks, the files and the processes say so."""
    done = attempt("unguarded")

    assert done.refused() == {}
    assert {"GET:/tcp", "GET:/mptcp", "GET:/fastopen", "UDP:", "kept:ssh"} <= set(done.evidence)
    assert done.marks() == {"write", "spawn", "exec", "memory"}
    assert done.reached_abstract and done.mode == 0o640 and done.signalled


def test_by_default_the_seal_is_all(attempt):
    """The application may do everything, so native code may: only what the seal names is refused, and no ceiling is claimed."""
    done = attempt("")

    assert done.refused() == {"io_uring": "EPERM", "ptrace": "EPERM"}
    assert {"GET:/tcp", "GET:/mptcp", "GET:/fastopen", "UDP:", "kept:ssh"} <= set(done.evidence)
    assert done.marks() == {"write", "spawn", "exec", "memory"}
    assert done.records[0]["ceilings"] == []


CEILINGS = {
    "abstract": "EPERM", "write": "EACCES", "spawn": "EPERM", "exec": "EPERM", "memory": "EPERM", "io_uring": "EPERM",
    "ptrace": "EPERM", "signal": "EPERM",
}  # fmt: skip


def test_what_is_withheld_from_everybody_is_withheld_from_native_code(attempt):
    """Another port than the one that is allowed, MPTCP, fast open, programs, files, signals: none gets through."""
    done = attempt(WITHHELD)

    assert done.refused() == {**CEILINGS, "tcp": "EACCES", "mptcp": "EPERM", "fastopen": "EPERM"}
    assert [fact for fact in done.evidence if fact.startswith("GET:")] == []
    assert done.marks() == set() and not done.reached_abstract
    assert "net.connect: 9" in done.records[0]["ceilings"] and "landlock" in done.records[0]["layers"]
    # What no ceiling holds: reading, modes, and UDP, since the port may be meant for it.
    assert "kept:ssh" in done.evidence and "UDP:" in done.evidence and done.mode == 0o640


def test_without_any_network_there_are_no_sockets(attempt):
    """IPv4 and IPv6 altogether, UDP included."""
    done = attempt(NO_NETWORK)

    assert done.refused() == {**CEILINGS, **dict.fromkeys(("tcp", "mptcp", "fastopen", "udp"), "EPERM")}
    assert [fact for fact in done.evidence if fact.startswith(("GET:", "UDP:"))] == []


def test_who_only_listens_connects_nowhere(attempt):
    """TCP sockets can be made, and reach nothing; datagrams can't."""
    done = attempt(LISTENING)

    assert done.refused() == {**CEILINGS, "tcp": "EACCES", "mptcp": "EPERM", "fastopen": "EPERM", "udp": "EPERM"}
    assert [fact for fact in done.evidence if fact.startswith(("GET:", "UDP:"))] == []


def test_the_core_in_python_says_what_it_can_not_hold(attempt):
    """The launcher's layers are there; that no program is started is for the core in C to hold, and isn't claimed."""
    done = attempt(WITHHELD, options=("--core", "py"))

    assert {"seccomp", "landlock"} <= set(done.records[0]["layers"])
    assert any(line.endswith("not in place: programs") for line in done.records[0]["missing"])
    assert not any(line.startswith("proc.spawn") for line in done.records[0]["ceilings"])
    # What was started has no folder to write to either.
    assert done.errors["spawn"] == PASSED and done.errors["tcp"] == "EACCES" and done.marks() == set()


def test_a_demand_that_can_be_met_starts(attempt):
    """`--kernel require` under a policy with ceilings, on a kernel that has all of it."""
    done = attempt(NO_NETWORK, options=("--kernel", "require"))

    assert done.records[0]["missing"] == []
