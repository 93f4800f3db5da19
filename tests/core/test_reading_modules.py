"""What the import system reads of a module's file, which the core in C hands over at once: nobody can tell the difference."""

import pytest
from support import envs, guarded, wheels, worlds

READS = """
import errno, importlib, importlib.util, io, os, pkgutil, sys, zipfile

heard = []
def hear(event, args):
    if event == "open" and "/made/" in str(args[0]) and not args[2] & os.O_WRONLY:
        heard.append((os.path.basename(args[0]), *args[1:]))
    elif event == "open" and isinstance(args[0], int):
        heard.append(args)
os.makedirs("made/full/__pycache__")
sys.path.insert(0, os.path.abspath("made"))
for name, text in {"empty": "", "short": "1", "long": "VALUE = 1\\n" + "#" * 300_000, "full/__init__": "VALUE = 2\\n"}.items():
    with open(f"made/{name}.py", "w") as file:
        file.write(text)
with open("made/full/data", "wb") as file:
    file.write(bytes(range(256)))
for name, target in {"link": "short.py", "dangling": "gone", "loop": "loop", "folder": "full"}.items():
    os.symlink(target, "made/" + name)
os.mkdir(importlib.util.cache_from_source("made/empty.py").rpartition("/")[0])
os.mkdir(importlib.util.cache_from_source("made/empty.py"))
with zipfile.ZipFile("made/archive.zip", "w") as archive:
    archive.writestr("zipped.py", "VALUE = 3\\n")
sys.path.append(os.path.abspath("made/archive.zip"))
sys.addaudithook(hear)
before = os.listdir("/proc/self/fd")
for turn in range(2):
    for name in ("empty", "short", "long", "full", "zipped"):
        print(name, getattr(importlib.import_module(name), "VALUE", None), heard)
        heard.clear()
        del sys.modules[name]
loader = importlib.util.find_spec("full").loader
print(pkgutil.get_data("full", "data") == bytes(range(256)))
for path in ("made", "made/nothing", "made/a\\0b", "/proc/self/mem", "/proc/self/cmdline", "/dev/null"):
    try:
        print(path, type(loader.get_data(path)))
    except (OSError, ValueError) as error:
        print(path, type(error), getattr(error, "errno", None), getattr(error, "filename", None), error)
for path in ("link", "dangling", "loop", "folder", "folder/data", "link/"):
    heard.clear()
    try:
        print(path, loader.get_data(os.path.abspath("made") + "/" + path)[:3], heard)
    except OSError as error:
        print(path, type(error), error.errno, error.filename, heard)
with io.open_code(os.path.abspath("made/long.py")) as file:
    print(type(file), file.seek(4), file.read(3), file.fileno() > 2)
with io.open_code(path="made/short.py") as file:
    print(file.read())
print(os.listdir("/proc/self/fd") == before)
"""
# What is in no page of the kernel's isn't to be had at once: it is read as it always was.
FORGETS = """
import glob, os
for path in glob.glob(os.environ["SITE"] + "/acme*") + glob.glob(os.environ["SITE"] + "/__pycache__/acme*"):
    fd = os.open(path, os.O_RDONLY)
    os.fsync(fd)
    os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)
    os.close(fd)
import acme_calls
"""
STEALS = """
import os, sys
key = os.path.expanduser("~/.ssh/id_ed25519")
os.symlink(key, "key.pyc")
os.symlink(os.path.dirname(key), "keys")
for path in (key, os.path.abspath("key.pyc"), os.path.abspath("keys/id_ed25519"), "key.pyc"):
    try:
        print(len(__loader__.get_data(path)))
    except PermissionError:
        print("refused")
"""
LISTENS = """
import os, sys, threading
path = os.path.abspath("key.pyc")
os.symlink(os.path.expanduser("~/.ssh/id_ed25519"), path)
got = []
def take():
    try:
        got.append(len(open(path).read()))
    except PermissionError:
        got.append("refused")
def hear(event, args):
    if event == "open" and args[0] is path and not got:
        got.append(event)
        take()
        thread = threading.Thread(target=take)
        thread.start()
        thread.join(5)
try:
    sys.addaudithook(hear)
except PermissionError:
    print("no hook")
try:
    __loader__.get_data(path)
except PermissionError:
    print(got)
"""
COLLECTS = """
import gc, os
path = os.path.abspath("key.pyc")
os.symlink(os.path.expanduser("~/.ssh/id_ed25519"), path)
got, held = [], []
class Garbage:
    def __init__(self):
        self.itself = self
    def __del__(self):
        try:
            got.append(len(open(path).read()))
        except PermissionError:
            pass
for more in range(40):
    gc.set_threshold(100_000)
    gc.collect()
    held.extend([(more, number, got) for number in range(60)])
    Garbage()
    held.append(gc.get_count())
    gc.set_threshold(held[-1][0] + more)
    try:
        __loader__.get_data(path)
    except PermissionError:
        pass
print(got)
"""
# Another process puts a link elsewhere between the finder's look and the loading, so that no event tells of it.
EXCHANGES = """
import importlib.util, os, subprocess, sys
os.makedirs("decoy")
open("decoy/acme_calls.py", "w").close()
os.symlink(os.path.abspath("decoy"), "link")
subprocess.run(["/bin/true"], check=True)
sys.path.insert(0, os.path.abspath("link"))
spec = importlib.util.find_spec("acme_calls")
subprocess.run(["/bin/ln", "-sfn", os.environ["SITE"], "link"], check=True)
spec.loader.exec_module(importlib.util.module_from_spec(spec))
"""
NEVER_CONNECTS = """
version = 1
[package.acme-calls]
run.deny = ["net.*"]
"""
CALLS = """
import os, socket
host, port = os.environ["SINK"].removeprefix("http://").split(":")
try:
    socket.create_connection((host, int(port)), 5).close()
except PermissionError:
    print("refused")
"""


@pytest.fixture
def environment(tmp_path, any_interpreter):
    return envs.create(tmp_path / "env", any_interpreter)


def outcome_of(environment, folder, program, mode, policy=None):
    options = () if mode == guarded.UNGUARDED else ("--core", "c")
    with worlds.furnished(folder, environment) as world:
        (world.project / "app.py").write_text(program)
        variables = {"SITE": str(environment.site_packages)}
        return guarded.run(world, [environment.python, "app.py"], mode=mode, policy=policy, options=options, variables=variables)


def test_a_program_reads_and_hears_the_same(environment, tmp_path):
    """The same events, contents, errors and descriptors, whatever lies where a module is looked for."""
    bare = outcome_of(environment, tmp_path / "bare", READS, guarded.UNGUARDED)

    outcome = outcome_of(environment, tmp_path / "guarded", READS, "observe")

    assert bare.returncode == 0 and "IsADirectoryError" in bare.stdout and "'long.py', 'r'" in bare.stdout, bare.stderr
    assert outcome.stdout.replace("/guarded/", "/bare/") == bare.stdout, outcome.story()
    assert outcome.alarms() == []


def test_what_the_kernel_has_to_fetch_first_is_its_owner_s_too(environment, tmp_path):
    """With and without its bytecode, which the first run writes."""
    envs.install(environment, wheels.Wheel("acme-calls", "1.0", {"acme_calls.py": CALLS}), folder=tmp_path / "wheels")

    for turn in ("first", "second"):
        outcome = outcome_of(environment, tmp_path / turn, FORGETS, guarded.RECOMMENDED)

        assert outcome.stdout == "refused\n", outcome.story()
        refused = outcome.decisions(capability="net.connect", phase="import", verdict="deny")
        assert {record["owner"]["name"] for record in refused} == {"acme-calls"}, outcome.story()


def test_a_link_to_a_secret_is_no_module(environment, tmp_path):
    """What get_data opens is asked about where it leads to, and a link is not followed before."""
    envs.install(environment, wheels.Wheel("acme-steals", "1.0", {"acme_steals.py": STEALS}), folder=tmp_path / "wheels")

    outcome = outcome_of(environment, tmp_path / "run", "import acme_steals\n", guarded.RECOMMENDED)

    assert outcome.stdout == "refused\n" * 4, outcome.story()
    refused = outcome.decisions(capability="fs.read", phase="import", verdict="deny")
    assert {record["owner"]["name"] for record in refused} == {"acme-steals"}, outcome.story()


def test_what_is_asked_of_a_module_is_granted_to_nothing_else(environment, tmp_path):
    """Whoever hears that it is opened can't open the same name in its stead."""
    envs.install(environment, wheels.Wheel("acme-listens", "1.0", {"acme_listens.py": LISTENS}), folder=tmp_path / "wheels")

    outcome = outcome_of(environment, tmp_path / "run", "import acme_listens\n", guarded.RECOMMENDED)

    assert outcome.stdout == "['open', 'refused', 'refused']\n", outcome.story()


def test_what_is_asked_of_a_module_is_granted_to_no_finalizer(environment, tmp_path):
    """Garbage may be collected whenever something is made, the event of the opening too."""
    envs.install(environment, wheels.Wheel("acme-collects", "1.0", {"acme_collects.py": COLLECTS}), folder=tmp_path / "wheels")

    outcome = outcome_of(environment, tmp_path / "run", "import acme_collects\n", guarded.RECOMMENDED)

    assert outcome.stdout == "[]\n", outcome.story()


def test_what_the_finder_saw_behind_a_link_is_looked_at_again(environment, tmp_path):
    """It was the application's then, and is a package's when it is loaded."""
    envs.install(environment, wheels.Wheel("acme-calls", "1.0", {"acme_calls.py": CALLS}), folder=tmp_path / "wheels")

    outcome = outcome_of(environment, tmp_path / "run", EXCHANGES, guarded.RECOMMENDED, NEVER_CONNECTS)

    assert outcome.stdout == "refused\n", outcome.story()
    assert {record["owner"]["name"] for record in outcome.decisions(verdict="deny")} == {"acme-calls"}, outcome.story()
