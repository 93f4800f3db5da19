"""Landlock by its own rules: renames, descriptors, threads, and what each ABI holds; tried out in threads that end."""

import contextlib
import errno
import os
import socket
import threading

import pytest

from importguard.kernel import layers, machine
from importguard.kernel.ceiling import Ceiling
from importguard.kernel.plan import Plan

FOUND = machine.look()
needs = {
    abi: pytest.mark.skipif(FOUND.landlock < abi, reason=f"needs Landlock ABI {abi}, this kernel has {FOUND.landlock}")
    for abi in (2, 3, 4, 6)
}


def beneath(ceiling, function, *, abi=FOUND.landlock):
    """Return what a function gives beneath a Ceiling, an OSError as its name."""

    def body():
        try:
            return function()
        except OSError as error:
            return errno.errorcode[error.errno]

    return layers.call_beneath(Plan(FOUND.kind, ceiling=ceiling, abi=abi), body)


@pytest.fixture
def folders(tmp_path):
    """Two folders that may be written, and one that may not."""
    for name in ("one", "two", "other"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "file").write_text("as it was")
    return tmp_path


@pytest.fixture
def writable(folders):
    return Ceiling(writable=(str(folders / "one"), str(folders / "two")))


@needs[2]
def test_files_can_be_moved_between_folders_that_may_be_written(folders, writable):
    """Without a right of its own every rename across folders would fail, EXDEV."""
    assert beneath(writable, lambda: os.rename(folders / "one/file", folders / "two/moved")) is None
    assert (folders / "two/moved").read_text() == "as it was"


@needs[2]
def test_nothing_moves_in_or_out(folders, writable):
    """Neither by rename nor by a link, which would make a file writable that isn't."""
    moves = (
        lambda: os.rename(folders / "one/file", folders / "other/moved"),
        lambda: os.rename(folders / "other/file", folders / "one/moved"),
        lambda: os.link(folders / "other/file", folders / "one/linked"),
        lambda: os.replace(folders / "one/file", folders / "other/file"),
    )

    assert {beneath(writable, move) for move in moves} <= {"EACCES", "EXDEV"}
    assert sorted(path.name for path in folders.rglob("*") if path.is_file()) == ["file"] * 3


@needs[2]
@pytest.mark.parametrize(
    "write",
    [
        lambda folder: (folder / "new").write_text("x"),
        lambda folder: (folder / "file").open("a").close(),
        lambda folder: (folder / "file").unlink(),
        lambda folder: (folder / "folder").mkdir(),
        lambda folder: (folder / "link").symlink_to("/etc"),
        lambda folder: os.mkfifo(folder / "pipe"),
        pytest.param(lambda folder: os.truncate(folder / "file", 0), marks=needs[3]),
    ],
)
def test_every_way_to_write(folders, writable, write):
    """Refused in the one folder, done in the other."""
    assert beneath(writable, lambda: write(folders / "other")) == "EACCES"
    assert beneath(writable, lambda: write(folders / "one")) in (None, 1)
    assert (folders / "other/file").read_text() == "as it was" and len(os.listdir(folders / "other")) == 1


@needs[2]
def test_what_no_ceiling_holds(folders, writable):
    """Modes and times: limits.md says so."""
    assert beneath(writable, lambda: os.chmod(folders / "other/file", 0o640)) is None
    assert beneath(writable, lambda: os.utime(folders / "other/file")) is None


@needs[2]
def test_descriptors_from_before(folders, writable):
    """A file that is open stays usable; a folder that is open opens nothing new for writing."""
    with (folders / "other/file").open("a") as file:
        assert beneath(writable, lambda: (file.write(", longer"), file.flush())[1]) is None
    fd = os.open(folders / "other", os.O_RDONLY)
    try:
        assert beneath(writable, lambda: os.open("new", os.O_WRONLY | os.O_CREAT, dir_fd=fd)) == "EACCES"
    finally:
        os.close(fd)
    assert (folders / "other/file").read_text() == "as it was, longer"


@needs[2]
def test_files_that_are_replaced_and_made_later(folders, writable):
    """Only writing is held, so that no file becomes unreadable by being replaced, and a new folder is like its parent."""

    def replace():
        (folders / "one/next").write_text("new")
        os.replace(folders / "one/next", folders / "one/file")
        (folders / "one/deep/deeper").mkdir(parents=True)
        (folders / "one/deep/deeper/file").write_text("new")
        return (folders / "one/file").read_text()

    assert beneath(writable, replace) == "new"
    os.replace(folders / "one/deep/deeper/file", folders / "other/file")
    assert beneath(writable, (folders / "other/file").read_text) == "new"


@needs[2]
def test_a_thread_is_held_and_what_it_starts_and_nobody_else(folders, writable):
    """The layers are the thread's that took them: the launcher itself goes on writing."""
    found = []

    def start():
        thread = threading.Thread(target=lambda: found.append(attempt(folders / "other/below")))
        thread.start()
        thread.join()

    beneath(writable, start)
    found.append(attempt(folders / "other/beside"))

    assert found == ["EACCES", ""]


def attempt(path):
    try:
        path.write_text("x")
    except OSError as error:
        return errno.errorcode[error.errno]
    return ""


@needs[2]
def test_terminals_and_the_void_can_be_written(writable):
    """What programs write without changing anything."""
    with contextlib.ExitStack() as opened:
        for path in ("/dev/null", "/dev/zero", "/dev/urandom"):
            assert beneath(writable, lambda path=path: opened.enter_context(open(path, "wb")) and None) is None


@needs[4]
def test_ports():
    """Connecting by port, and binding by port; a port of the machine's own choice is port 0."""
    with socket.create_server(("127.0.0.1", 0)) as listener, socket.create_server(("127.0.0.1", 0)) as other:
        port = listener.getsockname()[1]
        held = Ceiling(connect=(port,), listen=(0,))

        assert beneath(held, lambda: socket.create_connection(("127.0.0.1", port)).close()) is None
        assert beneath(held, lambda: socket.create_connection(other.getsockname()).close()) == "EACCES"
        assert beneath(held, lambda: socket.create_server(("127.0.0.1", 0)).close()) is None
        assert beneath(Ceiling(listen=()), lambda: socket.create_server(("127.0.0.1", 0)).close()) == "EACCES"


@pytest.mark.parametrize("abi", range(8))
def test_an_older_kernel_holds_what_it_knows(folders, abi):
    """One step after the other: with each ABI what it brought, and nothing breaks for lack of the rest."""
    if abi > FOUND.landlock:
        pytest.skip(f"needs Landlock ABI {abi}, this kernel has {FOUND.landlock}")
    held = Ceiling(writable=(str(folders / "one"),), connect=(), signal=False)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        done = beneath(held, lambda: _tries(folders, listener.getsockname()), abi=abi)

    assert done == [abi < 2, abi < 3, abi < 4, abi < 6]


def _tries(folders, address):
    return [
        attempt(folders / "other/new") == "",
        _passes(lambda: os.truncate(folders / "other/file", 0)),
        _passes(lambda: socket.create_connection(address).close()),
        _passes(lambda: os.kill(os.getppid(), 0)),
    ]


def _passes(function):
    try:
        function()
    except OSError:
        return False
    return True
