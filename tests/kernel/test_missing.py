"""Kernels and machines that lack something: it is said, what can hold holds, and `require` starts nothing."""

import errno
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from support import guarded, worlds

from importguard.kernel import landlock, layers, machine, notify, plan, rehearsal, syscalls_unsafe
from importguard.kernel.ceiling import Ceiling
from importguard.kernel.machine import Machine

ROOT = Path(__file__).parents[2]
BENEATH = Path(__file__).with_name("beneath.py")
CLOSED = Ceiling(writable=("/tmp",), connect=(443,), listen=(), resolve=False, spawn=False, signal=False, abstract=False)
DENIED = 'deny = ["net.*", "proc.signal"]'
WITHHELD = f"version = 1\n[application]\n{DENIED}\n[import]\n{DENIED}\n[run]\n{DENIED}\n"


@pytest.fixture
def world(tmp_path, empty_environment):
    with worlds.furnished(tmp_path, empty_environment) as furnished:
        yield furnished


@pytest.fixture
def run(world):
    """Return a function that runs a guarded command on a kernel that lacks something."""

    def run(*beneath, **options):
        before = ["/usr/bin/env", f"PYTHONPATH={ROOT}", sys.executable, str(BENEATH), *beneath, "/usr/bin/env", "-u", "PYTHONPATH"]
        return guarded.run(world, [world.environment.python, "-c", "print('ran')"], before=before, **options)

    return run


NO_SECCOMP = ("ENOSYS", "seccomp")
NO_LANDLOCK = ("EOPNOTSUPP", "landlock_create_ruleset")
NO_RESTRICTION = ("EPERM", "landlock_restrict_self")
SIXTEEN = ("layers", "16")
CASES = [
    (NO_SECCOMP, None, "seccomp: the kernel refuses it: Function not implemented"),
    (NO_LANDLOCK, WITHHELD, "landlock: this kernel, or what contains this process, doesn't offer it"),
    (NO_RESTRICTION, WITHHELD, "landlock: the kernel refuses it: Operation not permitted"),
    (SIXTEEN, WITHHELD, f"landlock: the kernel refuses it: {landlock.MOST_LAYERS}"),
]


@pytest.mark.parametrize(("beneath", "policy", "said"), CASES)
def test_what_a_kernel_lacks_is_said(run, beneath, policy, said):
    """The command runs; its `armed` record and a `degraded` one name what doesn't hold, and `layers` doesn't list it."""
    outcome = run(*beneath, policy=policy)

    assert outcome.stdout == "ran\n", outcome.story()
    armed = next(record for record in outcome.records if record["event"] == "armed")
    assert said in armed["missing"] and said.partition(":")[0] not in armed["layers"]
    assert said in [record["reason"] for record in outcome.records if record["event"] == "degraded"]


@pytest.mark.parametrize(("beneath", "policy", "said"), CASES)
def test_what_is_demanded_and_lacking_starts_nothing(run, beneath, policy, said):
    """`--kernel require`: exit status 3, and one line that says why."""
    outcome = run(*beneath, policy=policy, options=("--kernel", "require"))

    assert (outcome.returncode, outcome.stdout) == (3, "")
    assert said in outcome.stderr and outcome.stderr.count("\n") == 1


def test_a_policy_may_demand_one_layer_alone(run):
    """`landlock = "require"` doesn't mind that there is no seccomp; `seccomp = "require"` does."""
    demand = 'version = 1\n[kernel]\n{} = "require"\n'

    assert run(*NO_SECCOMP, policy=demand.format("landlock")).returncode == 0
    assert run(*NO_SECCOMP, policy=demand.format("seccomp")).returncode == 3


def test_the_variable_is_as_good_as_the_option(run):
    """IMPORTGUARD_KERNEL=require."""
    outcome = run(*NO_SECCOMP, variables={"IMPORTGUARD_KERNEL": "require"})

    assert (outcome.returncode, outcome.stdout) == (3, "")


def test_doctor_says_which_rung_holds(world):
    """On this machine, and on one that takes no filter and offers no Landlock."""
    beneath = ["/usr/bin/env", f"PYTHONPATH={ROOT}", sys.executable, str(BENEATH), "ENOSYS", "seccomp,landlock_create_ruleset"]
    clean = ["/usr/bin/env", "-u", "PYTHONPATH"]
    command = [*guarded.launcher(), "doctor", "--json"]

    states = []
    for words in (command, [*beneath, *clean, *command]):
        done = guarded.run(world, words, mode=guarded.UNGUARDED, seconds=60)
        checks = {check["name"]: check["state"] for check in json.loads(done.stdout)["checks"]}
        states.append((checks["seccomp"], checks["landlock"], checks["live fire"]))

    assert states == [("holds", "holds", "holds"), ("fails", "absent", "holds")]


HERE = Machine("Linux", "x86_64", True, 7)


def planned(found, ceiling=CLOSED, **settings):
    """Return what is missing on a Machine for a Ceiling."""
    chosen = {"seccomp": "auto", "landlock_setting": "auto", **settings}
    _filters, _inside, lacking = plan._filters(ceiling, found, chosen["seccomp"], False)
    abi, more = plan._landlock(ceiling, found, chosen["landlock_setting"])
    return abi, [*lacking, *more]


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (Machine("Darwin", "arm64", False, 0), ["seccomp: only Linux has it, this is Darwin", "landlock: only Linux has it"]),
        (Machine("Linux", "riscv64", True, 7), ["seccomp: no filter is made for riscv64"]),
        (Machine("Linux", "x86_64", False, 0), ["seccomp: this kernel, or what contains", "landlock: this kernel, or what contains"]),
        (Machine("Linux", "x86_64", True, 1), ["landlock: files need ABI 2, this kernel has 1", *["landlock: "] * 3]),
        (Machine("Linux", "x86_64", True, 2), ["landlock: truncation need ABI 3", "landlock: TCP ports", "landlock: signals"]),
        (Machine("Linux", "x86_64", True, 3), ["landlock: TCP ports need ABI 4", "landlock: signals"]),
        (Machine("Linux", "x86_64", True, 5), ["landlock: signals and abstract sockets need ABI 6"]),
        (HERE, []),
    ],
)
def test_each_machine_gets_its_own_list(found, said):
    """macOS, an unknown architecture, gVisor, and kernels by their Landlock: a line for each thing that isn't held."""
    _abi, missing = planned(found)

    assert len(missing) == len(said)
    for line, start in zip(missing, said, strict=True):
        assert line.startswith(start)


@pytest.mark.parametrize(
    ("abi", "filters", "held"),
    [
        (7, ("seal", "internet"), {"fs.write", "net.connect", "net.listen", "net.resolve", "proc.spawn", "proc.signal", "abstract"}),
        (7, (), {"fs.write", "net.connect", "net.listen", "proc.spawn", "proc.signal", "abstract"}),
        (3, ("seal",), {"fs.write", "proc.spawn"}),
        (0, ("seal", "internet"), {"net.connect", "net.listen", "net.resolve", "proc.spawn"}),
        (0, ("seal",), {"proc.spawn"}),
    ],
)
def test_what_is_not_held_is_not_claimed(abi, filters, held):
    """`ceilings` names what a filter or this kernel's Landlock holds, whatever the policy withholds."""
    made = plan.Plan("x86_64", filters=filters, inside=("programs",), ceiling=CLOSED, abi=abi)

    assert {line.partition(":")[0].partition(" ")[0] for line in made.held.words()} == held


def test_an_open_ceiling_needs_no_landlock():
    """Nothing is missing where nothing was to be held, unless Landlock itself is demanded."""
    bare = Machine("Linux", "x86_64", True, 0)

    assert planned(bare, Ceiling()) == (0, [])
    assert planned(bare, Ceiling(), landlock_setting="require")[1] != []


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (Machine("Darwin", "arm64", False, 0), "supervisor: only Linux has it, this is Darwin"),
        (Machine("Linux", "riscv64", True, 7), "supervisor: no filter is made for riscv64"),
        (Machine("Linux", "x86_64", False, 0), "supervisor: this kernel, or what contains this process, doesn't offer it"),
        (HERE, ""),
    ],
)
def test_each_machine_says_whether_it_can_be_supervised(found, said):
    """macOS, an unknown architecture, and gVisor, which has no filters: the same reason as for the seal."""
    piece, missing = plan.asking(found, "auto")

    assert (missing, piece) == (((said,), "") if said else ((), "calls"))
    assert plan.asking(found, "off") == ("", ())


def test_where_descriptors_are_kept_back_sockets_ask():
    """A container: what can't be taken has to be made."""
    contained = Machine("Linux", "x86_64", True, 7, shares=False)

    assert plan.asking(contained, "require") == ("sockets", ())


@pytest.mark.parametrize(
    ("call", "said"),
    [
        ("go_on", "the kernel doesn't let a call go on that has waited"),  # before Linux 5.5
        ("receive", "the kernel takes the filter, and tells of no call"),  # what takes any filter, and heeds none
    ],
)
def test_a_kernel_that_only_seems_to_supervise_is_found_out(monkeypatch, call, said):
    """By having a call wait and go on, in a thread that ends: the filter alone proves nothing."""

    def refuse(*_arguments):
        raise OSError(errno.EINVAL, "Invalid argument")

    if call == "receive":
        monkeypatch.setattr(rehearsal, "MILLISECONDS", 50)
        monkeypatch.setattr(syscalls_unsafe, "load_asking_filter", lambda _program: os.pipe()[0])
        monkeypatch.setattr(rehearsal.socket, "socket", lambda *_: time.sleep(1) or refuse())
    else:
        monkeypatch.setattr(notify, call, refuse)

    made = layers.rehearse(plan.Plan(machine.look().kind, asking="calls"))

    assert made.asking == "" and made.missing[0].startswith(f"supervisor: {said}")


def test_a_machine_without_libseccomp_lacks_nothing(world):
    """The filters are programs in the package: neither libseccomp nor what reads it is looked for."""
    program = "import sys; sys.modules['pyseccomp'] = sys.modules['ctypes.util'] = None\nfrom importguard.kernel import machine, plan, layers, trial\n"
    program += "print(layers.rehearse(plan.Plan(machine.look().kind, filters=('seal',), asking='calls')).missing, trial.rungs()['seccomp'][0])"

    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd=ROOT, timeout=60)

    assert done.stdout == "() holds\n", done.stderr
