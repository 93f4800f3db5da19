"""The cooldown plugin: which releases are too young."""

import datetime
import os

import pytest
from importguard_cooldown import Cooldown

from importguard.plugins import Distribution

NOW = datetime.datetime(2026, 11, 22, tzinfo=datetime.UTC)
UV = """
version = 1
[[package]]
name = "acme"
version = "1.1"
wheels = [
  { url = "acme-1.1-py3-none-any.whl", upload-time = "2019-01-01T00:00:00Z" },
  { url = "acme-1.1-cp311-none-any.whl", upload-time = "2026-11-20T00:00:00Z" },
]
[[package]]
name = "Old_One"
version = "1.0"
sdist = { url = "old.tar.gz", upload-time = "2020-01-01T00:00:00Z" }
"""
PYLOCK = """
lock-version = "1.0"
[[packages]]
name = "acme"
version = "1.1"
[[packages.wheels]]
upload-time = 2026-11-20T00:00:00Z
"""


def install(site, name, days):
    """Make what an installer leaves behind, `days` before NOW."""
    record = site / f"{name}-1.1.dist-info" / "RECORD"
    record.parent.mkdir(parents=True)
    record.touch()
    seconds = (NOW - datetime.timedelta(days=days)).timestamp()
    os.utime(record, (seconds, seconds))
    return Distribution(name, "1.1", str(site))


@pytest.mark.parametrize(("name", "text"), [("uv.lock", UV), ("pylock.toml", PYLOCK)])
def test_young_release_is_refused_by_the_projects_lock(tmp_path, monkeypatch, name, text):
    """A release whose last file was uploaded two days ago can't be imported, an old one can."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / name).write_text(text)

    rules = Cooldown({}, now=NOW).importguard_rules(
        (Distribution("acme", "1.1", ""), Distribution("old-one", "1.0", ""))
    )

    assert rules == {"package": {"acme": {"deny": ["import"]}}}


@pytest.mark.parametrize("options", [{}, {"files": ["uv.lock"]}])
def test_lock_of_the_project_counts_in_its_folders(tmp_path, monkeypatch, options):
    """As the policy is found upwards, so is the lock; the nearest counts."""
    (tmp_path / "project/below").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "project/below")
    (tmp_path / "uv.lock").write_text(UV.replace("2026-11-20", "2019-11-20"))
    (tmp_path / "project/uv.lock").write_text(UV)

    rules = Cooldown(options, now=NOW).importguard_rules((Distribution("acme", "1.1", ""),))

    assert rules == {"package": {"acme": {"deny": ["import"]}}}


def test_name_that_is_allowed_may_be_young(tmp_path, monkeypatch):
    """A distribution under `allow` is left alone, however its name is written."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "uv.lock").write_text(UV)

    assert Cooldown({"allow": ["Acme"]}, now=NOW).importguard_rules((Distribution("acme", "1.1", ""),)) is None


def test_unknown_upload_counts_from_the_installation_where_that_is_wanted(tmp_path):
    """Without a lock, what was installed yesterday is refused under unknown = "deny" alone, what lies there longer never."""
    young, old = install(tmp_path, "young", 1), install(tmp_path, "old", 30)

    assert Cooldown({}, now=NOW).importguard_rules((young, old)) is None
    assert Cooldown({"unknown": "deny"}, now=NOW).importguard_rules((young, old)) == {
        "package": {"young": {"deny": ["import"]}}
    }


@pytest.mark.parametrize("options", [{"day": 1}, {"days": "1"}, {"unknown": "perhaps"}, {"files": ["nothing.lock"]}, {"allow": "unknown"}, {"files": 7}])
def test_wrong_option_is_named(options):
    """An option that is unknown or can't be understood is an error that names it."""
    with pytest.raises(ValueError, match="day|unknown|nothing.lock|files"):
        Cooldown(options)


def test_lock_that_cant_be_read_is_an_error(tmp_path, monkeypatch):
    """A lock file that isn't TOML is named: an unread one would let every young release through."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "uv.lock").write_text("[[package")

    with pytest.raises(ValueError, match="uv.lock"):
        Cooldown({}, now=NOW).importguard_rules(())
