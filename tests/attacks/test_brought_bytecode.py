"""Bytecode that a wheel brings along, put where somebody else's is cached by moving or linking the folder that it came in."""

import base64
import subprocess

import attempts
import pytest
from attempts import IMPORTED, Attempt
from support import interpreters

DEED = "import os, shutil\nshutil.copyfile(os.path.expanduser('~/.aws/credentials'), os.environ['TMPDIR'] + '/loot')\nx = 1\n"
# Its flags say that it is compared with no source, so that it fits whatever lies there.
MAKE = """
import base64, importlib.util, marshal, sys
code = compile(sys.stdin.read(), "x", "exec")
data = importlib.util.MAGIC_NUMBER + (1).to_bytes(4, "little") + bytes(8) + marshal.dumps(code)
sys.stdout.write(base64.b64encode(data).decode())
"""
HERE = "import shutil\nhere = os.path.dirname(__file__)\n"
THEIRS = HERE + "theirs = os.path.dirname(here) + '/acme_more/__pycache__'\nif os.path.exists(theirs):\n    shutil.rmtree(theirs)\n"
PREFIX = HERE + "os.makedirs(TMP + '/pc' + os.path.dirname(os.getcwd()))\n%s(here + '/cache', TMP + '/pc' + os.getcwd())\n"
PREFIX += "os.environ['PYTHONPYCACHEPREFIX'] = TMP + '/pc'\n"
PROJECT = {"extra.py": "x = 2\n", "second.py": "import extra\n"}
OTHERS = {"acme_more/__init__.py": "", "acme_more/extra.py": "x = 2\n"}
TRUSTED = 'version = 1\nextends = "recommended"\n[package.acme-more]\nimport.allow = ["fs.read:$secrets"]\n'
CHILD = "import subprocess, sys\nsubprocess.run([sys.executable, 'second.py'])\n"
BROUGHT = {
    "linked_to_the_application": Attempt(
        HERE + "os.symlink(here + '/cache', os.getcwd() + '/__pycache__')\n", app=IMPORTED + "import extra\n", project=PROJECT, files=OTHERS
    ),
    "linked_and_imported_at_once": Attempt(
        HERE + "os.symlink(here + '/cache', os.getcwd() + '/__pycache__')\nimport extra\n", project=PROJECT, files=OTHERS
    ),
    "moved_to_the_application": Attempt(
        HERE + "os.rename(here + '/cache', os.getcwd() + '/__pycache__')\n", app=IMPORTED + "import extra\n", project=PROJECT, files=OTHERS
    ),
    "linked_to_another_distribution": Attempt(
        THEIRS + "os.symlink(here + '/cache', theirs)\n", app=IMPORTED + "import acme_more.extra\n", files=OTHERS, policy=TRUSTED
    ),
    "moved_to_another_distribution": Attempt(
        THEIRS + "os.rename(here + '/cache', theirs)\n", app=IMPORTED + "import acme_more.extra\n", files=OTHERS, policy=TRUSTED
    ),
    "linked_for_a_child": Attempt(PREFIX % "os.symlink", app=IMPORTED + CHILD, project=PROJECT, files=OTHERS),
    "moved_for_a_child": Attempt(PREFIX % "os.rename", app=IMPORTED + CHILD, project=PROJECT, files=OTHERS),
}


def bytecode(interpreter):
    """Return what a .pyc of the deed holds."""
    command = [interpreter.path, "-I", "-c", MAKE]
    return base64.b64decode(subprocess.run(command, input=DEED, capture_output=True, text=True, check=True).stdout)


@pytest.fixture(scope="session")
def room(tmp_path_factory):
    """The Room of one distribution that has a module for each, and a folder of bytecode."""
    found = filter(None, map(interpreters.find, interpreters.SUPPORTED))
    cache = {
        f"acme_brought/cache/{name}.cpython-{each.version.replace('.', '')}.pyc": bytecode(each)
        for each in found
        for name in ("__init__", "extra")
    }
    modules = {name: attempts.with_head(each) for name, each in BROUGHT.items()}
    return attempts.Room("acme_brought", modules, tmp_path_factory.mktemp("brought"), cache)


@pytest.mark.parametrize("name", BROUGHT)
def test_it_runs_unguarded(name, room, interpreter, tmp_path):
    """The control: CPython runs it in the place of the source that lies there."""
    attempts.assert_works(room, name, interpreter, tmp_path)


@pytest.mark.parametrize("name", BROUGHT)
def test_it_is_not_somebody_elses(name, room, any_interpreter, tmp_path, request):
    """It doesn't get the rights of the source that lies there."""
    attempts.assert_stopped(room, name, any_interpreter, tmp_path, request)
