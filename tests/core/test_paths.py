"""Paths: what a name really stands for."""

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from importguard import paths

NAMES = st.sampled_from(["a", "b", "up", "away", "loop", "..", ".", "", "missing"])


@pytest.fixture
def tree(tmp_path):
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "b").mkdir()
    (tmp_path / "a" / "up").symlink_to("..")
    (tmp_path / "away").symlink_to(tmp_path / "a" / "b")
    (tmp_path / "loop").symlink_to("loop")
    paths.forget()
    return tmp_path


@given(parts=st.lists(NAMES, max_size=6))
def test_a_path_resolves_as_the_library_resolves_it(tmp_path_factory, parts):
    """The fast way agrees with os.path.realpath wherever the path makes sense."""
    root = made_once(tmp_path_factory)
    path = "/".join([str(root), *parts])
    if "loop" in parts:
        return

    assert paths.resolve(path) == os.path.realpath(path)


def made_once(factory, cache={}):
    if not cache:
        root = factory.mktemp("tree")
        (root / "a" / "b").mkdir(parents=True)
        (root / "b").mkdir()
        (root / "a" / "up").symlink_to("..")
        (root / "away").symlink_to(root / "a" / "b")
        (root / "loop").symlink_to("loop")
        cache["root"] = root
    return cache["root"]


def test_a_loop_ends(tree):
    """A link that points to itself is left as it is."""
    assert paths.resolve(str(tree / "loop" / "x")).endswith("/loop/x")


def test_a_folder_that_became_a_link_is_seen_after_forget(tree):
    """What is remembered of folders is dropped when a link was made."""
    assert paths.resolve(str(tree / "b" / "x")) == str(tree / "b" / "x")
    (tree / "b").rmdir()
    (tree / "b").symlink_to("a")

    paths.forget()

    assert paths.resolve(str(tree / "b" / "x")) == str(tree / "a" / "x")


def test_a_descriptor_reads_as_the_file_behind_it(tree):
    """/proc/self/fd/N is the file that N was opened on."""
    file = tree / "a" / "file"
    file.write_text("x")
    with file.open() as stream:
        assert paths.resolve(f"/proc/self/fd/{stream.fileno()}") == str(file)


def test_a_path_object_is_asked_once():
    """An object that answers differently each time is taken at its first word."""

    class Changing:
        answers = iter(["/first", "/second"])

        def __fspath__(self):
            return next(self.answers)

    assert paths.as_text(Changing()) == "/first"


@pytest.mark.parametrize("value", [3, None, True, object()])
def test_what_is_no_path_is_none(value):
    """Descriptors and strangers have no path."""
    assert paths.as_text(value) is None
