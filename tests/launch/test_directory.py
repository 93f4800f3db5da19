"""Where a session lies."""

import os

import pytest

from importguard.errors import CannotArm
from importguard.launch import directory


@pytest.fixture
def bases(tmp_path, monkeypatch):
    """Two folders that stand for the machine's own, and everybody may enter."""
    folders = [tmp_path / "first", tmp_path / "second"]
    for folder in folders:
        folder.mkdir()
    monkeypatch.setattr(directory, "BASES", tuple(map(str, folders)))
    monkeypatch.setattr(directory, "_everyone_can_enter", lambda folder: True)
    return folders


def test_the_first_folder_that_can_be_written_is_taken(bases):
    """One that doesn't exist or refuses is passed over."""
    bases[0].rmdir()

    place = directory.create({"XDG_RUNTIME_DIR": "/nowhere", "TMPDIR": "relative"})

    assert place.path.startswith(str(bases[1]))


def test_no_folder_at_all_is_one_line(bases):
    """Each refusal is named with its reason."""
    for folder in bases:
        folder.rmdir()

    with pytest.raises(CannotArm, match=r"no writable folder .*first: No such file.*second: No such file"):
        directory.create({})


def test_what_killed_runs_left_behind_is_swept_and_what_is_used_stays(bases):
    """An old session goes, unless a process still carries it in its environment; a young one always stays, and so does
    what only has such a name."""
    old, used, young, other = (bases[0] / f"{directory.PREFIX}{digit * 12}" for digit in "abcd")
    named = bases[0] / f"{directory.PREFIX}cache"
    for folder in (old, used, young):
        (folder / ("0" * 24)).mkdir(parents=True)
        (folder / ("0" * 24) / directory.SESSION).write_text("")
    (other / "somebody's").mkdir(parents=True)
    named.mkdir()
    for folder in (old, used, other, named):
        os.utime(folder, (0, 0))
    reader, writer = os.pipe()
    pid = os.posix_spawn(
        "/bin/cat", ["cat"], {"_IMPORTGUARD": f"{used}/x/session.bin"},
        file_actions=[(os.POSIX_SPAWN_DUP2, reader, 0), (os.POSIX_SPAWN_CLOSE, writer)],
    )  # fmt: skip
    os.close(reader)

    directory.create({})

    os.close(writer)
    os.waitpid(pid, 0)
    assert [folder.exists() for folder in (old, used, young, other, named)] == [False, True, True, True, True]


def test_a_session_that_is_held_stays(bases):
    """A supervisor whose command has dropped its environment is still seen."""
    place = directory.create({})
    assert not directory.is_used(place.outer)

    directory.hold(place)

    assert directory.is_used(place.outer)


def test_a_session_file_cannot_be_written_twice(bases):
    """What a guarded process is told is written once, whole, and read-only."""
    place = directory.create({})
    directory.write_file(place, directory.SESSION, b"told")

    with pytest.raises(CannotArm):
        directory.write_file(place, directory.SESSION, b"other")
    assert os.stat(place.session).st_mode & 0o777 == 0o444


def test_what_a_start_left_that_was_cut_short_is_swept(bases):
    """A session that isn't whole goes as well, and what holds anything else stays."""
    empty, begun, other = (bases[0] / f"{directory.PREFIX}{digit * 12}" for digit in "abc")
    empty.mkdir()
    for folder, name in ((begun, "base-cpython-311-30b07f0.bin"), (other, "somebody's")):
        (folder / ("0" * 24)).mkdir(parents=True)
        (folder / ("0" * 24) / name).write_text("")
    for folder in (empty, begun, other):
        os.utime(folder, (0, 0))

    directory.create({})

    assert (empty.exists(), begun.exists(), other.exists()) == (False, False, True)


def test_a_folder_that_can_only_be_half_made_is_taken_back(bases, monkeypatch):
    """Where there's no room for what lies in it, it goes."""
    make = os.mkdir

    def fail_within(path, mode):
        if directory.PREFIX in os.path.dirname(path):
            raise OSError(28, "No space left on device")
        make(path, mode)

    monkeypatch.setattr(os, "mkdir", fail_within)
    with pytest.raises(CannotArm, match="No space left"):
        directory.create({})

    assert [list(base.iterdir()) for base in bases] == [[], []]
