"""What a start would do again and again is done once: reading the presets, and looking where folders lead."""

import os
import shutil

import pytest

from importguard.policy import links, preset


@pytest.fixture
def presets(tmp_path, monkeypatch):
    """A folder with the presets, as a build leaves it."""
    folder = tmp_path / "presets"
    shutil.copytree(preset.FOLDER, folder)
    preset.keep_read(folder)
    monkeypatch.setattr(preset, "FOLDER", folder)
    preset.read.cache_clear()
    yield folder
    preset.read.cache_clear()


@pytest.mark.parametrize("name", ["observe", "recommended", "strict"])
def test_what_a_build_has_read_is_what_stands_in_the_preset(presets, name):
    """The policy is the same, rule for rule, and TOML isn't read for it."""
    kept = preset.read(name)
    assert preset._read_already(name, (presets / f"{name}.toml").read_text()) is not None

    (presets / f"{name}.read").unlink()
    preset.read.cache_clear()

    assert preset.read(name) == kept


def test_preset_that_has_changed_since_is_read_anew(presets):
    """What was read of another text counts for nothing."""
    file = presets / "strict.toml"
    file.write_text(file.read_text().replace("version = 1", "version = 1\nmode = 'observe'", 1))

    assert preset.read("strict").settings["mode"] == "observe"


@pytest.mark.parametrize("path", ["/", "/a", "/a/link/x", "/a/link/../x", "/a/dead/x", "/a/loop/x", "/a/far/b/c", "/none/a/b", "//a/./b/"])
def test_paths_lead_where_the_system_says(tmp_path, path):
    """Links to folders, to nothing, to themselves and to links: what os.path.realpath says."""
    root = tmp_path / "a"
    (root / "b/c").mkdir(parents=True)
    (root / "link").symlink_to("b")
    (root / "dead").symlink_to("/nowhere/at/all")
    (root / "loop").symlink_to("loop")
    (root / "far").symlink_to(tmp_path / "a/link/..")
    links.forget()

    assert links.real(f"{tmp_path}{path}") == os.path.realpath(f"{tmp_path}{path}")
    assert links.real(path) == os.path.realpath(path)
