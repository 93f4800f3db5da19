"""A core in C that takes frames and tags from the public API alone, as one does that finds the interpreter's own otherwise than expected."""

import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest
from support import envs, guarded, wheels, worlds

import importguard

PACKAGE = Path(importguard.__file__).parent
FLAGS = ("-std=c11", "-O0", "-fPIC", "-shared", "-fvisibility=hidden", "-D_GNU_SOURCE", "-DPUBLIC_API=true")
# The library opens, for code that says it is the library's, on behalf of the package; and later for the application.
TAKER = """
import os, shutil
home = os.path.expanduser("~/")

def take(name):
    shutil.copyfile(home + ".netrc", home + name)

take.__code__ = take.__code__.replace(co_filename=os.__file__, co_name="copyfile")
try:
    take("taken")
except PermissionError:
    print("refused")
"""
APP = """
import http.client, http.server, os, shutil, threading
import acme_taker

home = os.path.expanduser("~/")
server = http.server.HTTPServer(("127.0.0.1", 0), http.server.SimpleHTTPRequestHandler)
threading.Thread(target=server.handle_request).start()
connection = http.client.HTTPConnection(*server.server_address)
connection.request("HEAD", "/")
print(connection.getresponse().status)
shutil.copyfile(home + ".netrc", home + "own")
print("app is fine", sorted({"taken", "own"} & set(os.listdir(home))))
"""


@pytest.fixture
def core_by_the_api(tmp_path, interpreter, monkeypatch):
    """Have `importguard` be a copy whose core in C was built so; skips without a C compiler."""
    if not wheels.compiler():
        pytest.skip("needs a C compiler")
    copy = shutil.copytree(PACKAGE, tmp_path / "copy" / "importguard", ignore=shutil.ignore_patterns("__pycache__", "ccore*.so"))
    sources = sorted(map(str, (copy / "core" / "src").glob("*.c")))
    library = copy / "core" / f"ccore{interpreter.suffix}"
    command = [wheels.compiler(), *FLAGS, f"-I{interpreter.include}", *sources, "-o", str(library), "-ldl"]
    subprocess.run(command, check=True, timeout=300)
    launcher = (sys.executable, "-I", "-S", str(copy / "launch" / "launcher.py"), sysconfig.get_path("purelib"))
    monkeypatch.setattr(guarded, "launcher", lambda: launcher)
    return library


def test_a_core_by_the_public_api_blames_the_same(core_by_the_api, interpreter, tmp_path):
    """Who reads the secret while it is imported is named and refused, by whatever name its code goes; the application isn't."""
    environment = envs.create(tmp_path / "env", interpreter)
    envs.install(environment, wheels.Wheel("acme-taker", "1.0", {"acme_taker.py": TAKER}), folder=tmp_path / "wheels")
    with worlds.furnished(tmp_path, environment) as world:
        (world.home / ".netrc").write_text("machine none\n")
        (world.project / "app.py").write_text(APP)
        outcome = guarded.run(world, [environment.python, "app.py"], options=("--core", "c"))

    assert outcome.stdout.splitlines() == ["refused", "200", "app is fine ['own']"], outcome.story()
    [refused] = outcome.decisions(verdict="deny")
    assert (refused["owner"]["name"], refused["phase"], refused["capability"]) == ("acme-taker", "import", "fs.read"), outcome.story()
    [armed] = [record for record in outcome.records if record["event"] == "armed"]
    assert armed["core"] == "c", outcome.story()
