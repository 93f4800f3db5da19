"""Both cores remember alike what a process has written."""

from hypothesis import given
from hypothesis import strategies as st
from operands import SLOW, ccore

from importguard.written import MOST, Written

STEPS = st.lists(
    st.tuples(
        st.sampled_from(["note", "note", "note", "move", "holds"]),
        *[st.sampled_from(["/a", "/a/b", "/a/b/c", "/b", "/\udcff", "", "/"])] * 2,
    ),
    max_size=40,
)
written = Written()


@SLOW
@given(steps=STEPS, more=st.integers(0, 3000))
def test_what_was_written_is_remembered_alike(steps, more):
    """Noted, moved with its folder, and dropped when it is the oldest of too many."""
    for at in range(more):
        written.note(f"/many/{at}")
        ccore.written_note(f"/many/{at}")
    for step, path, other in steps:
        if step == "note":
            written.note(path)
            ccore.written_note(path)
        elif step == "move":
            written.move(path, other)
            ccore.written_move(path, other)
    for path in (
        "/a",
        "/a/b",
        "/a/b/c",
        "/b/b/c",
        "/b",
        "/b/b",
        "/many/0",
        "/many/2999",
        "/memfd:x",
        "/x (deleted)",
        "/dev/fd/3",
    ):
        assert ccore.written_holds(path) == written.holds(path), path


def test_a_file_in_what_was_written_was_written(tmp_path):
    """A module in an archive is as new as the archive; a folder says nothing of what is in it."""
    (tmp_path / "archive.zip").write_text("x")
    (tmp_path / "folder").mkdir()
    kept = Written()
    for path in (f"{tmp_path}/archive.zip", f"{tmp_path}/folder", f"{tmp_path}/gone"):
        kept.note(path)
        ccore.written_note(path)

    for name, expected in [
        ("archive.zip/a/b.py", True),
        ("folder/b.py", False),
        ("folder", True),
        ("gone/x", True),
        ("other/x", False),
    ]:
        assert ccore.written_holds(f"{tmp_path}/{name}") is kept.holds(f"{tmp_path}/{name}") is expected, name


def test_only_so_many_paths_are_remembered():
    """The oldest goes for the newest."""
    for at in range(MOST + 1):
        ccore.written_note(f"/one/{at}")

    assert not ccore.written_holds("/one/0")
    assert ccore.written_holds("/one/1")
    assert ccore.written_holds(f"/one/{MOST}")


def test_a_link_to_what_was_written_leads_to_it(tmp_path):
    """A program is known by the file that is started, whatever it is called."""
    (tmp_path / "written").write_text("x")
    (tmp_path / "link").symlink_to("written")
    (tmp_path / "other").write_text("x")
    ccore.written_note(str(tmp_path / "written"))

    assert not ccore.written_holds(str(tmp_path / "link"))
    assert ccore.written_reaches(str(tmp_path / "link"))
    assert ccore.written_reaches(str(tmp_path / "written"))
    assert not ccore.written_reaches(str(tmp_path / "other"))
    assert not ccore.written_reaches("written")
