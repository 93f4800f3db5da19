"""Each gap that the pages of limits name and a test can show: real unguarded, a strict expected failure guarded."""

from dataclasses import dataclass

import pytest
from support import anchors, envs, guarded, wheels, worlds

IMPORTS = "import acme_gap\n"
CALLS = "import acme_gap\n\nacme_gap.run()\n"
# What every payload does in the end: copy the canary key to a file that anybody may write.
STEAL = """
import os
home = os.path.expanduser("~")
if os.path.exists(home + "/.canary-home"):
    with open(home + "/.ssh/id_ed25519") as key, open(home + "/loot", "w") as loot:
        loot.write(key.read())
"""
HOME = 'import os, sys\n\nHOME = os.path.expanduser("~")\nKEY, LOOT = HOME + "/.ssh/id_ed25519", HOME + "/loot"\n'


@dataclass(frozen=True, slots=True)
class Gap:
    """A section of the page, the package that slips through there, and the application that uses it."""

    section: str
    module: str
    app: str = IMPORTS
    name: str = "acme-gap"
    policy: str | None = None
    stolen: str = "kept:ssh"


GAPS = {
    "guard-object": Gap(
        "Python code that attacks the guard",
        'import sys\nif "importguard.guard" in sys.modules:\n'
        f'    enforcer = sys.modules["importguard.guard"].guard.corridor.enforcer\n    (enforcer() if callable(enforcer) else enforcer).mode = "observe"\n{STEAL}',
    ),
    "sub-interpreter": Gap(
        "Interpreters that the guard isn't in",
        f"""try:
    import _interpreters as interpreters
except ImportError:
    import _xxsubinterpreters as interpreters
there = interpreters.create()
getattr(interpreters, "exec", None) and interpreters.exec(there, {STEAL!r}) or interpreters.run_string(there, {STEAL!r})
""",
    ),
    "finalisation": Gap(
        "Interpreters that the guard isn't in",
        HOME
        + """import codecs, posix


class Late:
    def __call__(self, name):
        return None

    def __del__(self, open=posix.open, read=posix.read, write=posix.write, key=KEY, loot=LOOT):
        write(open(loot, 65, 0o600), read(open(key, 0), 4096))


codecs.register(Late())
""",
    ),
    "cleared-environment": Gap(
        "A child whose environment was cleared by something that isn't Python",
        HOME
        + f'import subprocess\n\n\ndef run():\n    subprocess.run(["/bin/sh", "-c", \'exec env -i HOME="$0" "$1" -c "$2"\', HOME, sys.executable, {STEAL!r}])\n',
        CALLS,
    ),
    "reading-variables": Gap(
        "Operations that raise no audit event",
        HOME + 'with open(HOME + "/loot", "w") as loot:\n    loot.write(__import__("posix").environ[b"ACME_API_KEY"].decode())\n',
        policy='version = 1\n[package.acme-gap]\nimport.deny = ["env.read:ACME_*"]\n',
        stolen="kept:variable",
    ),
    "directory-descriptor": Gap(
        "Opens relative to a directory",
        HOME
        + 'folder = os.open(HOME + "/.kube", os.O_RDONLY)\nkey = os.open("config", os.O_RDONLY, dir_fd=folder)\n'
        + 'with open(LOOT, "wb") as loot:\n    loot.write(os.read(key, 4096))\n',
        stolen="kept:kube",
    ),
    "deep-folder": Gap(
        "Folders too deep to be named",
        HOME
        + """for _ in range(20):
    os.mkdir("d" * 250)
    os.chdir("d" * 250)
os.symlink(KEY, "key")
with open("key") as key, open(LOOT, "w") as loot:
    loot.write(key.read())
""",
        'import os, shutil\nhere = os.getcwd()\ntry:\n    import acme_gap\nexcept PermissionError:\n    pass\n'
        'os.chdir(here)\nshutil.rmtree("d" * 250)\n',
    ),
    "path-given-once": Gap(
        "Paths that change between look and open",
        HOME
        + """import io


class Path:
    def __fspath__(self):
        del Path.__fspath__
        return KEY


with io.FileIO(Path()) as key, open(LOOT, "wb") as loot:
    loot.write(key.readall())
""",
    ),
    "forged-name": Gap("Forged names", f"import os\n__file__, __spec__ = os.__file__, os.__spec__\n{STEAL}"),
    "builtin-callback": Gap(
        "Callbacks made of builtins",
        HOME + "import asyncio, shutil\n\n\ndef run():\n    asyncio.get_running_loop().call_soon(shutil.copyfile, KEY, LOOT)\n",
        "import asyncio\nimport acme_gap\n\n\nasync def main():\n    acme_gap.run()\n    await asyncio.sleep(0.01)\n\n\nasyncio.run(main())\n",
    ),
    "poisoned-deputy": Gap(
        "Deputies that were poisoned",
        HOME
        + 'def run():\n    with open(HOME + "/.netrc") as netrc, open(LOOT, "w") as loot:\n        loot.write(netrc.read())\n',
        CALLS,
        name="requests",
        stolen="kept:netrc",
    ),
    "written-by-a-child": Gap(
        "The application",
        f"import subprocess, sys\n\n\ndef run():\n    code = \"open('extra.py', 'w').write(\" + repr({STEAL!r}) + \")\"\n"
        "    subprocess.run([sys.executable, '-c', code], check=True)\n    import extra\n",
        CALLS,
    ),
}
# What the core in C closes; the others are open with both.
CLOSED_BY_C = (
    "guard-object",
    "sub-interpreter", "finalisation", "directory-descriptor", "deep-folder", "path-given-once", "forged-name",
    "builtin-callback", "reading-variables",
)  # fmt: skip
OPEN = [(name, core) for name in GAPS for core in ("c", "py") if core == "py" or name not in CLOSED_BY_C]


def known_gap(name, core):
    """Return the parameters of a strict expected failure, which says where the page speaks of it."""
    reason = anchors.of_limit(anchors.spelled(GAPS[name].section))
    marks = pytest.mark.xfail(reason=reason, raises=AssertionError, strict=True)
    return pytest.param(name, core, marks=marks, id=f"{name}-{core}")


PLAIN = {"plain": Gap("", STEAL), "plain-call": Gap("", f"def run():\n    exec({STEAL!r})\n", CALLS)}


@pytest.fixture
def perform(tmp_path, empty_environment, interpreter):
    """A function that runs a Gap's application in a world of its own and returns what came of it."""

    def perform(gap, mode, *options):
        environment = envs.copy(empty_environment, tmp_path / "env")
        wheel = wheels.Wheel(gap.name, "1.0.1", {"acme_gap.py": gap.module})
        envs.install(environment, wheel, folder=tmp_path / "wheels")
        with worlds.furnished(tmp_path / "world", environment) as world:
            (world.project / "app.py").write_text(gap.app)
            outcome = guarded.run(world, [environment.python, "app.py"], mode=mode, policy=gap.policy, options=options)
            return outcome, world.evidence()

    return perform


@pytest.mark.parametrize("gap", GAPS.values(), ids=GAPS)
def test_gap_is_one_that_works_without_the_guard(gap, perform):
    """The control: unguarded, the canary is stolen in just that way."""
    outcome, evidence = perform(gap, guarded.UNGUARDED)

    assert gap.stolen in evidence, outcome.story()


@pytest.mark.parametrize("gap", PLAIN.values(), ids=PLAIN)
def test_theft_without_a_gap_is_stopped(gap, perform):
    """The other control: who just opens the key, while being imported or called, is refused."""
    outcome, evidence = perform(gap, guarded.RECOMMENDED)

    assert gap.stolen not in evidence
    assert outcome.decisions(capability="fs.read", owner="acme-gap", verdict="deny"), outcome.story()


@pytest.mark.parametrize(("name", "core"), [known_gap(name, core) for name, core in OPEN])
def test_gap_is_closed(name, core, perform):
    """Under the recommended preset, or the gap's own policy, the canary stays where it is."""
    outcome, evidence = perform(GAPS[name], guarded.RECOMMENDED, "--core", core)

    if not any(record["event"] == "armed" for record in outcome.records):
        pytest.fail("the run was not guarded: " + outcome.story(), pytrace=False)
    assert GAPS[name].stolen not in evidence, outcome.story()


@pytest.mark.parametrize("name", CLOSED_BY_C)
def test_the_core_in_c_closes_it(name, perform):
    """With --core c the canary stays where it is: what the page says of the core in C holds."""
    outcome, evidence = perform(GAPS[name], guarded.RECOMMENDED, "--core", "c")

    assert [record["core"] for record in outcome.records if record["event"] == "armed"][:1] == ["c"], outcome.story()
    assert GAPS[name].stolen not in evidence, outcome.story()


def test_page_has_the_sections_that_the_gaps_point_to():
    """Each gap has its section on one of the pages."""
    assert {anchors.spelled(gap.section) for gap in GAPS.values()} <= anchors.limits().keys()
