"""Folding of repeats."""

from importguard.report.fold import MOST, Folder

DENIED = {
    "event": "decision", "pid": 7, "verdict": "deny", "capability": "fs.read", "target": "/x", "owner": {"name": "a"},
}  # fmt: skip


def test_repeats_within_a_second_become_one_record_with_their_count():
    """The first goes out at once; the others are counted, and the counts add up to what arrived."""
    folder = Folder()

    written = [record for at in (0.0, 0.1, 0.2, 0.9) for record in folder.take(DENIED, at)]
    later = folder.due(1.0)

    assert written == [DENIED]
    assert [record["count"] for record in later] == [3]


def test_a_lone_record_is_not_written_twice():
    """When its second is over there's nothing to add."""
    folder = Folder()
    folder.take(DENIED, 0.0)

    assert folder.due(5.0) == []
    assert folder.deadline() is None


def test_another_target_owner_or_process_is_no_repeat():
    """Only what a reader couldn't tell apart is folded."""
    folder = Folder()
    different = [DENIED, {**DENIED, "target": "/y"}, {**DENIED, "pid": 8}, {**DENIED, "owner": {"name": "b"}}]

    assert [record for item in different for record in folder.take(item, 0.0)] == different


def test_ever_new_targets_take_bounded_memory():
    """A process that denies itself a million different things can't fill the supervisor's memory, and none is lost."""
    folder = Folder()

    written = sum(len(folder.take({**DENIED, "target": str(at)}, 0.0)) for at in range(MOST * 2 + 1))

    assert written == MOST * 2 + 1
    assert len(folder._open) <= MOST
