"""What a start would do again and again is done once: reading the presets, and looking where folders lead."""

import os
import shutil

import pytest

from importguard.policy import links, machine, named, preset, targets


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


@pytest.mark.parametrize("name", ["secrets", "persistence"])
@pytest.mark.parametrize("homes", [("home",), ("home", "home/deep"), ("home/deep", "home"), ("home", "home/.config"), ("link", "home"), ("none",), ("home", "*")])
def test_what_lies_in_a_home_is_matched_as_if_each_path_were_named(tmp_path, name, homes):
    """One node serves all homes: the machine is the one that every single pattern makes, homes within homes included."""
    (tmp_path / "home/.config").mkdir(parents=True)
    (tmp_path / "home/deep").mkdir()
    (tmp_path / "link").symlink_to("home")
    named_targets = named.surroundings({"HOME": "/root"}, "/work") | {"$home": tuple(f"{tmp_path}/{home}" for home in homes)}
    links.forget()

    found = named.spread(name, named_targets)

    built = machine.build(found.patterns, found.unless, tails=found.tails, homes=found.homes)
    assert built == machine.build(found.every(), found.unless)
    assert {f"{tmp_path}/{home}{tail}" for home in homes for tail in found.tails} <= set(found.every())


def test_credentials_behind_a_link_in_a_home_are_secrets_where_they_are(tmp_path):
    """What a name in the home leads to is named too, whether the home is named by a link or not."""
    (tmp_path / "home").mkdir()
    (tmp_path / "dots/ssh").mkdir(parents=True)
    (tmp_path / "home/.ssh").symlink_to(tmp_path / "dots/ssh")
    (tmp_path / "link").symlink_to("home")

    for home in ("home", "link"):
        links.forget()
        patterns, _ = named.data_set("secrets", named.surroundings({"HOME": f"{tmp_path}/{home}"}, "/work"))
        assert targets.Paths(machine.build(patterns)).matches(f"{tmp_path}/dots/ssh/id_rsa")


def test_what_links_of_a_secret_s_name_lead_to_is_one(tmp_path):
    """A key that lies elsewhere, by a link whose own name says what it is; other links, and what a name takes out again, lead nowhere."""
    (tmp_path / ".ssh").mkdir()
    (tmp_path / "keys").mkdir()
    for link, aim in ((".ssh/work", "keys/one"), (".ssh/work.pub", "keys/two"), (".config/gcloud", "cloud"), ("notes", "keys/three")):
        (tmp_path / link).parent.mkdir(exist_ok=True)
        (tmp_path / link).symlink_to(tmp_path / aim)
    links.forget()

    patterns, unless = named.data_set("secrets", named.surroundings({"HOME": str(tmp_path)}, "/work"))

    found = targets.Paths(machine.build(patterns, unless))
    assert found.matches(f"{tmp_path}/keys/one") and found.matches(f"{tmp_path}/cloud/credentials.db")
    assert not found.matches(f"{tmp_path}/keys/two") and not found.matches(f"{tmp_path}/keys/three")


def test_a_folder_with_very_many_names_is_not_read_for_a_few(tmp_path, monkeypatch):
    """Then each name is looked at by itself, and a link is still followed."""
    monkeypatch.setattr(links, "MOST_NAMES", 2)
    (tmp_path / "elsewhere").mkdir()
    for name in ("a", "b"):
        (tmp_path / name).touch()
    (tmp_path / ".ssh").symlink_to(tmp_path / "elsewhere")
    links.forget()

    assert links.names(str(tmp_path)) is None
    patterns, _ = named.data_set("secrets", named.surroundings({"HOME": str(tmp_path)}, "/work"))

    assert any(pattern.startswith(f"{tmp_path}/elsewhere/") for pattern in patterns)
