"""Secrets that nobody may read: hidden from native code as well where a policy asks for it, and what that costs."""

import errno
import os

import pytest
from support import guarded, worlds

from importguard.kernel import layers, machine, secrets
from importguard.kernel.ceiling import Ceiling
from importguard.kernel.plan import Plan

FOUND = machine.look()
pytestmark = pytest.mark.skipif(FOUND.landlock < 2, reason="needs Landlock ABI 2")
WITHHELD = 'version = 1\n[application]\ndeny = ["fs.read:$secrets"]\n[kernel]\nsecrets = "require"\n'
# Past every hook of the interpreter: what a package's own C code does.
READ = """
import ctypes, os, sys
libc = ctypes.CDLL(None, use_errno=True)
home = os.path.expanduser("~")
def read(path):
    fd = libc.open(path.encode(), 0)
    return "read" if fd >= 0 else str(ctypes.get_errno())
paths = [home + "/.ssh/id_ed25519", "/proc/self/root" + home + "/.ssh/id_ed25519", home + "/.bashrc", __file__, sys.executable]
print(*map(read, paths))
"""


@pytest.fixture
def home(tmp_path):
    """A home with one secret, something beside it, and a folder."""
    (tmp_path / "home/.keys/other").mkdir(parents=True)
    for name in (".keys/secret", ".keys/public", ".keys/other/file", "settings"):
        (tmp_path / "home" / name).write_text(name)
    return tmp_path / "home"


def read_beneath(home, paths, before=lambda: None):
    """Return what reading each path gives where the secret is hidden, after `before` was done there."""

    def body():
        before()
        return [_read(path) for path in paths]

    hidden = (str(home / ".keys/secret"),)
    return layers.call_beneath(Plan(FOUND.kind, ceiling=Ceiling(hidden=hidden), abi=FOUND.landlock), body)


def _read(path):
    try:
        return path.read_text()
    except OSError as error:
        return errno.errorcode[error.errno]


def test_a_secret_is_hidden_and_its_neighbours_are_not(home):
    """By its path, by a link to it and through /proc; its name can still be seen."""
    (home / "link").symlink_to(home / ".keys/secret")
    paths = [home / ".keys/secret", home / "link", home / ".keys/public", home / ".keys/other/file", home / "settings"]

    assert read_beneath(home, paths) == ["EACCES", "EACCES", ".keys/public", ".keys/other/file", "settings"]
    assert layers.call_beneath(Plan(FOUND.kind, ceiling=Ceiling(hidden=(str(paths[0]),)), abi=FOUND.landlock), lambda: sorted(os.listdir(home / ".keys"))) == [
        "other", "public", "secret",
    ]  # fmt: skip


def test_what_is_moved_stays_hidden(home):
    """A rename or a link into a folder that may be read is refused."""
    moved = home / ".keys/other/moved"

    def move():
        for way in (os.rename, os.link):
            with pytest.raises(OSError, match="cross-device|Permission"):
                way(home / ".keys/secret", moved)

    assert read_beneath(home, [moved], before=move) == ["ENOENT"]


def test_the_price_on_the_way_to_a_secret(home):
    """What is made or replaced directly in such a folder can't be read; in folders beside it nothing changes."""

    def write():
        for path in (home / "new", home / "settings.next", home / ".keys/other/new"):
            path.write_text("new")
        os.replace(home / "settings.next", home / "settings")

    paths = [home / "new", home / "settings", home / ".keys/other/new"]

    assert read_beneath(home, paths, before=write) == ["EACCES", "EACCES", "new"]


def test_the_siblings_of_what_leads_there(home):
    """Everything beside the way is named once, nothing on it, and no link."""
    (home / "link").symlink_to("/etc")
    named = [path for path in secrets.beside((str(home / ".keys/secret"),)) if path.startswith(str(home))]

    assert sorted(named) == [str(home / name) for name in (".keys/other", ".keys/public", "settings")]


def test_a_policy_hides_the_secrets_of_a_home(tmp_path, empty_environment):
    """Under `[kernel] secrets`, where the application may not read them either; by default they can be read natively."""
    with worlds.furnished(tmp_path, empty_environment) as world:
        (world.project / "app.py").write_text(READ)
        (world.home / ".bashrc").touch()
        command = [world.environment.python, "app.py"]
        default = guarded.run(world, command)
        hiding = guarded.run(world, command, policy=WITHHELD)

    assert default.stdout.split() == ["read"] * 5, default.story()
    assert hiding.stdout.split() == [str(errno.EACCES)] * 2 + ["read"] * 3, hiding.story()
    armed = [record for record in hiding.records if record["event"] == "armed"][-1]
    assert any("secrets" in line for line in armed["ceilings"]) and "landlock" in armed["layers"]


def test_a_demand_to_hide_what_somebody_may_read_starts_nothing(tmp_path, empty_environment):
    """With an application of full authority there is nothing to hide."""
    with worlds.furnished(tmp_path, empty_environment) as world:
        outcome = guarded.run(world, ["/bin/echo", "ran"], policy='version = 1\n[kernel]\nsecrets = "require"\n')

    assert (outcome.returncode, outcome.stdout) == (3, "") and "secrets" in outcome.stderr
