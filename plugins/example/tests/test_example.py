"""The example plugin: what it writes down."""

import json

import pytest
from importguard_example import Tally


def test_refusals_are_counted_by_owner(tmp_path):
    """Refusals are counted with their repeats; what was let through isn't."""
    plugin = Tally({"path": str(tmp_path / "tally.json")})
    owner = {"name": "acme", "version": "1.0", "kind": "distribution"}

    plugin.importguard_record({"event": "decision", "verdict": "deny", "owner": owner})
    plugin.importguard_record({"event": "decision", "verdict": "deny", "owner": owner, "count": 4})
    plugin.importguard_record({"event": "decision", "verdict": "allow", "owner": owner})
    plugin.importguard_record({"event": "armed"})
    plugin.importguard_finish()

    assert json.loads((tmp_path / "tally.json").read_text()) == {"acme": 5}


@pytest.mark.parametrize("options", [{"pth": "x"}, {"path": 3}])
def test_wrong_option_is_named(options):
    """An option that is unknown or no text is an error that names it."""
    with pytest.raises(ValueError, match="path|pth"):
        Tally(options)
