"""Both cores resolve a path alike, name a program alike, and see what becomes of a folder."""

import os
import subprocess
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from operands import ARGV, NASTY, PARTS, PLAIN_TEXTS, SLOW, SPECIAL, Place, ccore, texts

from importguard import paths, programs


@SLOW
@given(path=PARTS | SPECIAL, start=st.sampled_from(["", "", "/"]))
def test_a_path_is_resolved_alike(tmp_path_factory, path, start):
    """Both follow links as the kernel does; as the library does wherever a path makes sense."""
    root = made_once(tmp_path_factory)
    path = start + path if path[:1] == "/" else f"{root}/{path}"
    paths.forget()
    ccore.forget_folders()

    for _ in range(2):  # what is kept answers as what was looked up
        found = ccore.resolve(path)

        assert found == paths.resolve(path)
        if "loop" not in path and "\0" not in path and "/proc" not in path and "/dev" not in path:
            assert found == os.path.realpath(path)


def made_once(factory, cache={}):
    if not cache:
        root = factory.mktemp("tree")
        (root / "a" / "b").mkdir(parents=True)
        (root / "b").mkdir()
        (root / "caf\u00e9").symlink_to("a")
        (root / "a" / "up").symlink_to("..")
        (root / "away").symlink_to(root / "a" / "b")
        (root / "loop").symlink_to("loop")
        os.symlink(b"a/up//b/", os.fsencode(root) + b"/\xff")
        cache["root"] = root
    return cache["root"]


LINKS = st.lists(
    st.tuples(
        st.sampled_from("pqrs"),
        st.lists(st.sampled_from(["p", "q", "r", "s", "d", "..", ".", ""]), min_size=1, max_size=4),
    ),
    max_size=6,
)


@SLOW
@given(
    links=LINKS,
    parts=st.lists(st.sampled_from(["p", "q", "r", "s", "d", "..", "x"]), max_size=5),
    is_absolute=st.booleans(),
)
def test_random_links_are_followed_alike(tmp_path_factory, links, parts, is_absolute):
    """Links to links, to what is above and to themselves lead both to the same place."""
    root = tmp_path_factory.mktemp("links")
    (root / "d" / "d").mkdir(parents=True)
    for name, target in links:
        place = root / name if len(target) % 2 else root / "d" / name
        if not place.is_symlink():
            place.symlink_to((f"{root}/" if is_absolute else "") + ("/".join(target) or "."))
    path = "/".join([str(root), *parts])

    assert ccore.resolve(path) == paths.resolve(path)


@pytest.mark.parametrize("count", [39, 40, 41])
def test_as_many_links_are_followed_as_the_kernel_follows(tmp_path, count):
    """Forty links are followed; a path with more is left as it is."""
    (tmp_path / "0").write_text("x")
    for at in range(count):
        (tmp_path / str(at + 1)).symlink_to(str(at))
    path = str(tmp_path / str(count))

    assert ccore.resolve(path) == paths.resolve(path) == (str(tmp_path / "0") if count <= 40 else path)


def test_a_relative_path_lies_in_the_folder_of_its_descriptor(tree):
    """`dir_fd` counts for relative paths alone; one that is no descriptor leaves the working folder."""
    folder = os.open(tree / "a", os.O_RDONLY)
    try:
        assert ccore.resolve("b", folder) == str(tree / "a" / "b")
        assert ccore.resolve("up/b", folder) == str(tree / "b")
        assert ccore.resolve("/etc", folder) == os.path.realpath("/etc")
    finally:
        os.close(folder)
    assert ccore.resolve("b", folder) == str(tree / "b")
    process = os.open("/proc/self", os.O_RDONLY | os.O_DIRECTORY)
    try:
        assert ccore.resolve("mem", process) == f"/proc/{os.getpid()}/mem"
    finally:
        os.close(process)


def test_a_descriptor_is_the_file_behind_it(tree):
    """/proc/self/fd/N leads to the file that N was opened on; what is no file keeps its name."""
    readable, writable = os.pipe()
    with (tree / "b").open() as stream:
        assert ccore.resolve(f"/proc/self/fd/{stream.fileno()}") == str(tree / "b")
        assert ccore.resolve(f"/dev/fd/{stream.fileno()}") == str(tree / "b")
    memory = os.memfd_create("x")
    for fd in (readable, writable, memory):
        assert ccore.resolve(f"/proc/self/fd/{fd}") == paths.resolve(f"/proc/self/fd/{fd}")
        os.close(fd)


def test_a_working_folder_that_was_removed_keeps_its_name(tmp_path, monkeypatch):
    """Relative paths are named by where the folder was, whatever lies there now."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "gone").mkdir()
    os.chdir("gone")
    (tmp_path / "gone").rmdir()
    (tmp_path / "gone (deleted)").symlink_to("/usr")

    assert ccore.resolve("x") == paths.resolve("x") == f"{tmp_path}/gone/x"
    assert ccore.resolve("../x") == paths.resolve("../x") == f"{tmp_path}/x"
    assert ccore.program_path("./x", None) == programs.program_path("./x", None)


def test_a_folder_that_became_a_link_is_seen_after_forget(tmp_path):
    """What is kept of folders is dropped when a link was made; an event that makes one drops it itself."""
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    assert ccore.resolve(f"{tmp_path}/b/x") == f"{tmp_path}/b/x"
    (tmp_path / "b").rmdir()
    (tmp_path / "b").symlink_to("a")

    ccore.read_event("os.symlink", ("a", f"{tmp_path}/b", -1), True)

    assert ccore.resolve(f"{tmp_path}/b/x") == f"{tmp_path}/a/x"


def test_what_another_process_does_to_a_folder_is_seen_soon(tmp_path):
    """No event tells of it here, so that what is kept of folders doesn't last."""
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    assert ccore.resolve(f"{tmp_path}/b/x") == f"{tmp_path}/b/x"

    subprocess.run(["sh", "-c", "rmdir b; ln -s a b"], cwd=tmp_path, check=True)

    deadline = time.monotonic() + 10
    while ccore.resolve(f"{tmp_path}/b/x") != f"{tmp_path}/a/x":
        assert time.monotonic() < deadline


# Programs and addresses.


@SLOW
@given(path=texts(), folder=st.none() | PLAIN_TEXTS)
def test_a_program_is_named_alike(path, folder):
    """As it is started: steps are taken out of its folder, links and bare names stay."""
    paths.forget()
    ccore.forget_folders()
    assert ccore.program_path(path, folder) == programs.program_path(path, folder)


@SLOW
@given(
    candidates=st.lists(PLAIN_TEXTS | st.sampled_from(["/bin/sh", "/bin", "/etc/passwd", "sh", b"/bin/sh"]), max_size=4)
)
@pytest.mark.parametrize("folder", [None, "/bin", "bin"])
def test_the_same_candidate_is_started(candidates, folder):
    """The first that can be executed, else the last."""
    assert ccore.first_executable(tuple(candidates), folder) == programs.first_executable(candidates, folder)


@SLOW
@given(argv=ARGV | NASTY)
def test_arguments_are_shown_alike(argv):
    """Texts as they are, "?" for anything else, nothing for what is no list or tuple of them."""
    assert ccore.argv_text(argv) == programs.argv_text(argv)


@given(value=texts())
def test_a_path_argument_is_read_once(value):
    """What is given in its place to an operation is of a type that always says the same."""
    once = ccore.argument_once(value)

    assert paths.as_text(once) == paths.as_text(value)
    assert not isinstance(value, (str, bytes, Place)) or type(once) in (str, bytes)
