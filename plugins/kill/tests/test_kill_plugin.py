"""The kill plugin: when refusals add up."""

import pytest
from importguard_kill import Kill


def refusal(capability, name="acme", **fields):
    owner = {"name": name, "version": "1.0", "kind": "distribution"}
    return {"event": "decision", "verdict": "deny", "capability": capability, "owner": owner, **fields}


def verdicts(plugin, *records):
    return [plugin.importguard_review(record) for record in records]


def test_bad_ones_add_up_sooner():
    """Two attempts to start a program are enough, ten of another kind are needed."""
    assert verdicts(Kill({}), refusal("proc.spawn"), refusal("proc.spawn")) == [None, "kill"]
    assert verdicts(Kill({}), *[refusal("runtime.patch")] * 10) == [None] * 9 + ["kill"]


def test_repeats_that_were_folded_count():
    """A record that stands for nine repeats counts nine times."""
    assert verdicts(Kill({}), refusal("runtime.patch"), refusal("runtime.patch", count=9)) == [None, "kill"]


def test_each_distribution_has_its_own_score():
    """What two distributions were refused isn't added up."""
    assert verdicts(Kill({}), refusal("proc.spawn"), refusal("proc.spawn", name="other")) == [None, None]


def test_what_was_let_through_counts_nothing():
    """Under observe nothing is refused, and so nothing is killed."""
    assert verdicts(Kill({"threshold": 1}), {**refusal("proc.spawn"), "verdict": "log"}) == [None]


def test_own_weights_come_first():
    """The policy's weights are looked at before the usual ones; zero leaves a capability out."""
    plugin = Kill({"threshold": 1, "weights": {"net.resolve": 0}})

    assert verdicts(plugin, refusal("net.resolve"), refusal("net.connect")) == [None, "kill"]


@pytest.mark.parametrize("options", [{"treshold": 1}, {"threshold": "1"}, {"weights": {"net.*": -1}}, {"weights": 3}])
def test_wrong_option_is_named(options):
    """An option that is unknown or no number is an error that names it."""
    with pytest.raises(ValueError, match="treshold|threshold|weights"):
        Kill(options)
