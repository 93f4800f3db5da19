"""The two cores blame the same owner, but where code lies about itself: there only tags see through it."""

import pytest
import scenes


def blamed(outcome):
    found = {
        (record["owner"]["name"], record["phase"])
        for record in outcome.decisions(capability="fs.read", target="*/.ssh/id_ed25519")
    }
    return found or None


@pytest.mark.parametrize("scene", scenes.AGREED, ids=lambda scene: scene.name)
def test_both_cores_blame_the_same_owner(scene, play):
    """The owner and the phase on record are the same, and the key isn't read."""
    outcome = play(scene.evil, scene.app)

    assert blamed(outcome) == {scene.blamed}, outcome.story()
    assert "GOT IT" not in outcome.stdout, outcome.story()


@pytest.mark.parametrize("scene", scenes.FORGED, ids=lambda scene: scene.name)
def test_tags_see_through_what_code_says_of_itself(scene, play, core):
    """The C core blames who made the code; the one in Python believes the name, and that difference is strict."""
    expected = scene.blamed if core == "c" or scene.python == "same" else scene.python

    outcome = play(scene.evil, scene.app)

    assert blamed(outcome) == (expected and {expected}), outcome.story()
    assert ("GOT IT" in outcome.stdout) == (expected is None), outcome.story()
