"""The SARIF plugin: what a code scanner would read."""

import json
import resource

import pytest
from importguard_sarif import Sarif

RECORD = {
    "v": 1, "id": "01J", "time": "2026-11-22T07:00:00.123456Z", "event": "decision", "pid": 7, "verdict": "deny",
    "capability": "proc.spawn", "target": "/bin/sh", "phase": "import", "rule": "preset:recommended#import.deny[1]",
    "owner": {"name": "acme", "version": "1.0", "kind": "distribution"},
    "stack": [{"owner": "acme", "file": "/site/acme/__init__.py", "line": 3, "function": "<module>"}],
}  # fmt: skip


def written(tmp_path, *records):
    plugin = Sarif({"path": str(tmp_path / "out.sarif")})
    for record in records:
        plugin.importguard_record(record)
    plugin.importguard_finish()
    return json.loads((tmp_path / "out.sarif").read_text())


def test_refusal_is_a_result_at_its_place(tmp_path):
    """Refusals of one kind are one result that counts them, at the innermost frame, under a rule that the tool declares."""
    run = written(tmp_path, RECORD, {**RECORD, "count": 4}, {**RECORD, "event": "armed"})["runs"][0]

    assert [rule["id"] for rule in run["tool"]["driver"]["rules"]] == ["proc.spawn"]
    (result,) = run["results"]
    assert (result["ruleId"], result["level"], result["occurrenceCount"]) == ("proc.spawn", "error", 5)
    assert result["locations"][0]["physicalLocation"] == {
        "artifactLocation": {"uri": "file:///site/acme/__init__.py"}, "region": {"startLine": 3},
    }  # fmt: skip


def test_addresses_are_whole_ones(tmp_path):
    """A rule has its help as text, since there is no address of it; a place that is no absolute path is quoted."""
    odd = {**RECORD, "target": "/bin/\u202ehs", "stack": [{"file": "a b%.pth", "line": 0}]}
    run = written(tmp_path, odd)["runs"][0]

    (rule,) = run["tool"]["driver"]["rules"]
    assert "helpUri" not in rule and "importguard explain" in rule["help"]["text"]
    (result,) = run["results"]
    assert result["locations"][0]["physicalLocation"] == {"artifactLocation": {"uri": "a%20b%25.pth"}, "region": {"startLine": 1}}
    assert r"/bin/\u202ehs" in result["message"]["text"]


def test_run_without_refusals_leaves_an_empty_log(tmp_path):
    """A run in which nothing was refused writes a log without results: code scanning then closes what it had open."""
    assert written(tmp_path, {**RECORD, "verdict": "allow"})["runs"][0]["results"] == []


def test_record_without_frames_has_no_place(tmp_path):
    """What has no frame (a start-up file that was never run) is a result without a place."""
    assert "locations" not in written(tmp_path, {**RECORD, "stack": []})["runs"][0]["results"][0]


@pytest.mark.parametrize("options", [{"pth": "x"}, {"path": 3}])
def test_wrong_option_is_named(options):
    """An option that is unknown or no text is an error that names it."""
    with pytest.raises(ValueError, match="path|pth"):
        Sarif(options)


def test_link_stays_one(tmp_path):
    """What a link leads to is written, as `importguard report` does it."""
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "out.sarif").symlink_to(tmp_path / "elsewhere/real.sarif")

    assert written(tmp_path, RECORD)["version"] == "2.1.0"
    assert (tmp_path / "out.sarif").is_symlink() and (tmp_path / "elsewhere/real.sarif").is_file()


def test_log_without_room_leaves_nothing_behind(tmp_path):
    """Where the log finds no room the plugin says so, what was there stays, and nothing lies beside it."""
    (tmp_path / "out.sarif").write_text("of yesterday")
    usual = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, usual[1]))
    try:
        with pytest.raises(OSError, match="File too large"):
            written(tmp_path, RECORD)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, usual)

    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("out.sarif", "of yesterday")]
