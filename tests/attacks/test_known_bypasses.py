"""What a review found and this version can't stop: each reaches its target unguarded and, named in the limits, guarded."""

import dataclasses

import attempts
import pytest
from attempts import CALLED, EVERYWHERE, IMPORTED, Attempt

MAIN = "if __name__ == '__main__':\n"
NO_LOOPBACK = 'version = 1\nextends = "recommended"\n[run]\ndeny = ["net.connect:127.0.0.0/8"]\n'


BYPASSES = {
    "path_that_changes_its_mind": Attempt(
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
    "link_that_comes_between": Attempt(
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
    "library_function_put_in_anothers_place": Attempt(
        "import functools, json, shutil\njson.loads = functools.partial(shutil.copyfile, AWS, LOOT)",
        app=IMPORTED + "import json\njson.loads()\n",
    ),
    "standard_library_of_somebody_elses": Attempt(
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
    "records_written_by_a_package": Attempt(
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
    "name_that_leads_to_a_refused_address": Attempt(
        "import socket\n\ndef run():\n    with socket.socket() as connection:\n        connection.connect(('localhost', PORT))\n"
        "        connection.sendall(b'GET /home HTTP/1.0\\r\\n\\r\\n')\n        connection.recv(64)",
        "GET:/home",
        CALLED,
        NO_LOOPBACK,
    ),
    "worker_of_the_application": Attempt(
        "import gc, shutil\nfrom concurrent.futures import ProcessPoolExecutor\n"
        "pool = [each for each in gc.get_objects() if isinstance(each, ProcessPoolExecutor)][0]\n"
        "pool.submit(shutil.copyfile, AWS, LOOT).result()\n",
        app=MAIN + "    from concurrent.futures import ProcessPoolExecutor\n    with ProcessPoolExecutor(1) as pool:\n"
        "        pool.submit(abs, 1).result()\n        import {package}.{name}\n",
    ),
    "fork_server_of_the_application": Attempt(
        "def run():\n    import multiprocessing, shutil\n"
        "    child = multiprocessing.get_context('forkserver').Process(target=shutil.copyfile, args=(AWS, LOOT))\n"
        "    child.start()\n    child.join()\n",
        app=MAIN + "    import multiprocessing, tempfile\n    tempfile.tempdir = '/tmp'  # a socket's path is short\n    child = multiprocessing.get_context('forkserver').Process(target=abs, args=(1,))\n"
        "    child.start()\n    child.join()\n    import {package}.{name} as package\n    package.run()\n",
    ),
    "function_of_the_application": Attempt(
        "import __main__\n__main__.copy(AWS, LOOT)\n",
        app="import shutil\n\ndef copy(source, target):\n    shutil.copyfile(source, target)\n\n" + IMPORTED,
    ),
    "function_of_the_application_over_other_names": Attempt(
        "import __main__, functools, shutil, types\n"
        "types.FunctionType(__main__.show.__code__, {'print': functools.partial(shutil.copyfile, AWS)})(LOOT)\n",
        app="def show(text):\n    print(text)\n\n" + IMPORTED,
    ),
    "hook_of_an_interactive_session": Attempt(
        "import functools, shutil\nsys.__interactivehook__ = functools.partial(shutil.copyfile, AWS, LOOT)\n", command=("-i", "app.py")
    ),
    "socket_to_the_host_of_a_virtual_machine": Attempt(
        "import socket\nwith socket.socket(socket.AF_VSOCK) as plug:\n    plug.settimeout(1)\n    try:\n        plug.connect((1, 9))\n"
        "    except PermissionError:\n        raise\n    except OSError:\n        pass\nopen(TMP + '/asked-the-kernel', 'w').close()\n",
        "wrote:tmp/asked-the-kernel",
    ),
}

# The anchor of the limits that speaks of each.
SECTIONS = {
    "path_that_changes_its_mind": "paths-that-change-between-look-and-open",
    "link_that_comes_between": "paths-that-change-between-look-and-open",
    "library_function_put_in_anothers_place": "callbacks-made-of-builtins",
    "standard_library_of_somebody_elses": "a-standard-library-of-somebody-elses",
    "records_written_by_a_package": "records-of-one-user",
    "name_that_leads_to_a_refused_address": "names-that-lead-to-refused-addresses",
    "worker_of_the_application": "processes-that-take-orders",
    "fork_server_of_the_application": "processes-that-take-orders",
    "function_of_the_application": "an-application-that-does-as-it-is-told",
    "function_of_the_application_over_other_names": "an-application-that-does-as-it-is-told",
    "hook_of_an_interactive_session": "callbacks-made-of-builtins",
    "socket_to_the_host_of_a_virtual_machine": "addresses-that-are-numbers",
}
OPEN = {
    name: dataclasses.replace(attempts.with_head(bypass), open_on=EVERYWHERE, section=SECTIONS[name])
    for name, bypass in BYPASSES.items()
}


@pytest.fixture(scope="session")
def room(tmp_path_factory):
    """The Room of one distribution that has a module for each bypass."""
    return attempts.Room("acme_known", OPEN, tmp_path_factory.mktemp("known"))


@pytest.mark.parametrize("name", BYPASSES)
def test_bypass_is_one_that_works_without_the_guard(name, room, interpreter, tmp_path):
    """The control: unguarded, it reaches its target."""
    attempts.assert_works(room, name, interpreter, tmp_path)


@pytest.mark.parametrize("name", BYPASSES)
def test_bypass_is_closed(name, room, any_interpreter, tmp_path, request):
    """Under the recommended preset, or the bypass's own policy, it doesn't."""
    attempts.assert_stopped(room, name, any_interpreter, tmp_path, request)
